import type { Hex, PublicClient } from "viem";
import { type Call, RefusedError } from "../sender.ts";
import { type Due, duesOf, type EarningsModules } from "./earnings.ts";
import type { LoggedClaim } from "./log.ts";

/** What was collected for a closed claim. */
export type Collected = {
  /** With their L1 blocks and the seconds of those: a fork may take them, and not the end of the claim. */
  readonly calls: readonly {
    readonly name: string;
    readonly number: bigint;
    readonly hash: Hex;
    readonly second: bigint;
  }[];
  /** What L1 refused although it is still owed. */
  readonly refused: readonly string[];
};

export const NOTHING: Collected = { calls: [], refused: [] };

const nameOf = ({ functionName, args }: Call): string => `${functionName} ${args.join()}`;

/** Collects what is left of a closed claim. What L1 refuses, since anybody may make these calls, holds up nothing else. */
export async function collect(
  modules: EarningsModules,
  logged: LoggedClaim,
  before: Collected = NOTHING,
): Promise<Collected> {
  const { l1, sender, events } = modules;
  const { claimHash } = logged;
  const calls = [...before.calls];
  const refused = new Set<string>();
  for (const { call, told } of await duesOf(modules, logged)) {
    const name = nameOf(call);
    if (calls.some((made) => made.name === name)) continue;
    try {
      const { gasUsed, blockNumber: number, blockHash: hash } = await sender.send(call);
      events({ ...told, claimHash, gasUsed });
      const { timestamp: second } = await l1.client.getBlock({ blockNumber: number });
      calls.push({ name, number, hash, second });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      refused.add(name);
      // Once is enough: it is tried again in every round.
      if (!before.refused.includes(name))
        events({ event: "refused", claimHash, action: "collect", error: error.message });
    }
  }
  const names = ({ call }: Due): string => nameOf(call);
  const owed = refused.size === 0 ? [] : (await duesOf(modules, logged)).map(names);
  return { calls, refused: owed.filter((name) => refused.has(name)) };
}

/** Whether L1 still has it all. */
export async function stands(client: PublicClient, { calls }: Collected): Promise<boolean> {
  const { number: latest } = await client.getBlock();
  const has = async ({ number, hash }: Collected["calls"][number]) =>
    number <= latest && (await client.getBlock({ blockNumber: number })).hash === hash;
  return (await Promise.all(calls.map(has))).every(Boolean);
}
