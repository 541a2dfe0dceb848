import type { Hex, PublicClient, TransactionReceipt } from "viem";
import type { Sender } from "../sender.ts";
import { collectClaimFees, type EarningsModules } from "./earnings.ts";
import type { LoggedClaim } from "./log.ts";

/** L1 blocks in which something was collected, with their seconds: a fork may take them, and not the end of the claim. */
export type Collected = readonly { readonly number: bigint; readonly hash: Hex; readonly second: bigint }[];

/** Collects what is left of a closed claim. */
export async function collect(modules: EarningsModules, logged: LoggedClaim): Promise<Collected> {
  const receipts: TransactionReceipt[] = [];
  const send: Sender["send"] = async (...args) => {
    const receipt = await modules.sender.send(...args);
    receipts.push(receipt);
    return receipt;
  };
  await collectClaimFees({ ...modules, sender: { ...modules.sender, send } }, logged);
  const { client } = modules.l1;
  return Promise.all(
    receipts.map(async ({ blockNumber: number, blockHash: hash }) => {
      const { timestamp: second } = await client.getBlock({ blockNumber: number });
      return { number, hash, second };
    }),
  );
}

/** Whether L1 still has it all. */
export async function stands(client: PublicClient, collected: Collected): Promise<boolean> {
  const { number: latest } = await client.getBlock();
  const has = async ({ number, hash }: Collected[number]) =>
    number <= latest && (await client.getBlock({ blockNumber: number })).hash === hash;
  return (await Promise.all(collected.map(has))).every(Boolean);
}
