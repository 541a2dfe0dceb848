import {
  type Address,
  concatHex,
  type Hex,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializedLegacy,
} from "viem";
import { lower } from "../../common/addresses.ts";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import type { GenesisAlloc } from "../../common/chain-file.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { readCode } from "./account.ts";
import { AnhEvm, evmCommon } from "./evm.ts";
import published from "./predeploys.json" with { type: "json" };
import { type RunBlock, runMessage } from "./run.ts";
import { WorldState } from "./state.ts";

/**
 * What created a contract on every chain it is on. Both kinds bind the code to the address: a signed transaction through
 * its sender, who sent nothing before; CREATE2 through the hash of the creation code.
 */
export type Predeploy = { readonly name: string; readonly address: Address } & (
  | { readonly transaction: Hex }
  | { readonly salt: Hex; readonly initcode: Hex }
);

/** The CREATE2 factory first: it creates others. */
export const predeploys = published as readonly Predeploy[];
const FACTORY = predeploys[0]!.address;

const NOBODY: Address = "0x0000000000000000000000000000000000000000";
const CREATION_GAS = 10_000_000n;
const FREE = { nonce: 0n, valueWei: 0n, gasLimit: CREATION_GAS, priceWei: 0n, accessList: [] } as const;
/** Before everything: nothing created here asks for more of its block than the chain's id. */
const BLOCK: RunBlock = {
  number: 0n,
  beneficiary: NOBODY,
  timestamp: 0n,
  baseFeeWei: 0n,
  gasLimit: CREATION_GAS,
  mixHash: ZERO_HASH,
};

/** The well-known contracts of an L2's genesis (P0.6), made by running what created them elsewhere: immutables are this chain's. */
export async function predeployAlloc(l2ChainId: bigint, list = predeploys): Promise<GenesisAlloc> {
  const world = new WorldState({ get: () => undefined });
  const evm = new AnhEvm(
    evmCommon(l2ChainId),
    world,
    () => ZERO_HASH,
    () => ({ kind: "halt" }),
  );
  for (const predeploy of list) {
    const { status } = await runMessage(evm, { ...(await creationOf(predeploy)), ...FREE }, BLOCK);
    if (status !== "success") throw new Error(`${predeploy.name} was not created: ${status}`);
  }
  const alloc: Record<Address, { readonly nonce: bigint; readonly code: Hex }> = {};
  for (const { name, address } of list) {
    const code = readCode(world, address);
    if (code.length === 0) throw new Error(`${name} was created somewhere else than at ${address}`);
    alloc[address] = { nonce: 1n, code: hexOf(code) };
  }
  return alloc;
}

async function creationOf(predeploy: Predeploy): Promise<{ from: Address; to: Address | null; data: Uint8Array }> {
  if ("salt" in predeploy)
    return { from: NOBODY, to: FACTORY, data: bytesOfHex(concatHex([predeploy.salt, predeploy.initcode])) };
  const serializedTransaction = predeploy.transaction as TransactionSerializedLegacy;
  const from = lower(await recoverTransactionAddress({ serializedTransaction }));
  return { from, to: null, data: bytesOfHex(parseTransaction(serializedTransaction).data ?? "0x") };
}
