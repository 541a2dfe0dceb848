import type { Address } from "viem";
import type { ChainFile, L1Addresses } from "../../common/chain-file.ts";
import type { Transaction } from "../../common/transaction.ts";
import { PoolError } from "./pool-error.ts";

/**
 * Refuses a transaction to the address of one of the chain's L1 contracts, where L2 is not known to have code: one that was meant
 * for L1, whose value would be lost. What comes through L1 is not asked: this is the sequencer's courtesy, no rule of the chain.
 */
export function requireNotForL1(
  { to }: Pick<Transaction, "to">,
  { contracts, l1ChainId, l2ChainId, genesis }: ChainFile,
  hasCode: ((address: Address) => boolean) | undefined,
): void {
  if (to === null) return;
  const name = (Object.keys(contracts) as (keyof L1Addresses)[]).find((key) => contracts[key] === to);
  if (name === undefined || genesis.alloc[to]?.code !== undefined || hasCode?.(to)) return;
  throw new PoolError(
    "for-l1",
    `${to} is the contract ${name[0]!.toUpperCase()}${name.slice(1)} of L1; on L2 nothing is there`,
    {
      expected: `chain ${l1ChainId}`,
      actual: `chain ${l2ChainId}`,
      hint: "send it to L1's URL: here what it brings would be lost",
    },
  );
}
