import type { Abi, Address, ContractEventName, Hex } from "viem";
import { demandsAbi } from "../../common/contracts/demands.ts";
import type { L1 } from "../l1.ts";

/** What a demand asks for (`IDemands.PATH_…`). */
export const PATH = {
  segment: 1,
  traces: 2,
  step: 3,
  chunks: 4,
  metrics: 5,
  graph: 6,
  model: 7,
  modelGraph: 8,
  sum: 9,
} as const;
/** Where demanded chunks come from. */
export const CHUNKS_OF = { value: 1, dataset: 2, start: 3, constant: 4 } as const;

export type Asked = {
  readonly key: Hex;
  readonly path: number;
  /** A leaf's or tensor's number where something of a graph or model is asked for. */
  readonly segment: number;
  readonly step: number;
  readonly page: number;
};

export type ChunkRange = {
  readonly source: number;
  readonly segment: number;
  readonly step: number;
  readonly place: number;
  readonly index: number;
  readonly leafCount: number;
  /** Of a constant; else 0. */
  readonly tensorRoot: Hex;
  readonly tensorBytes: bigint;
  readonly firstChunk: number;
  readonly chunkCount: number;
};

export type DemandRecord = {
  readonly claimHash: Hex;
  /** L1 second; 0: never asked. */
  readonly due: bigint;
  /** L1 second; 0: pending. */
  readonly answeredAt: bigint;
  readonly path: number;
  /** Its fee has been moved to whom it belongs. */
  readonly collected: boolean;
  /** What lies on L1 for it. */
  readonly feeWei: bigint;
};

export type DemandsReader = {
  /** Demands on a claim that wait for their answer. */
  readonly pending: (claimHash: Hex, fromBlock: bigint) => Promise<readonly Asked[]>;
  /** Demands on a closed claim of which the fee still lies on L1: those an account asked, or all that were answered. */
  readonly uncollected: (claimHash: Hex, asker: Address | undefined, fromBlock: bigint) => Promise<readonly Hex[]>;
  /** What an account has put on L1 for demands on a claim. */
  readonly askedWei: (claimHash: Hex, asker: Address, fromBlock: bigint) => Promise<bigint>;
  /** The claim fell because an answer came too late, not because anything was proven wrong. */
  readonly timedOut: (claimHash: Hex, fromBlock: bigint) => Promise<boolean>;
  readonly demand: (key: Hex) => Promise<DemandRecord>;
  /** Which element the parts of a sum are asked of. */
  readonly sumAt: (claimHash: Hex, key: Hex, fromBlock: bigint) => Promise<{ node: number; element: number }>;
  readonly range: (claimHash: Hex, key: Hex, fromBlock: bigint) => Promise<ChunkRange>;
};

export function openDemandsReader({ client, contracts }: L1): DemandsReader {
  // The ABI's nested tuples are too deep for viem's types, so results are typed by hand here and nowhere else.
  const contract = { address: contracts.demands, abi: demandsAbi as Abi };
  const read = (functionName: string, args: readonly unknown[]): Promise<unknown> =>
    client.readContract({ ...contract, functionName, args });
  async function events<T>(eventName: ContractEventName, args: object, fromBlock: bigint): Promise<T[]> {
    const logs = await client.getContractEvents({ ...contract, eventName, args, fromBlock, strict: true });
    return logs.map((log) => (log as unknown as { args: T }).args);
  }
  const demand = async (key: Hex) => (await read("demandOf", [key])) as DemandRecord;
  return {
    demand,
    pending: async (claimHash, fromBlock) => {
      if ((await read("pendingOf", [claimHash])) === 0n) return [];
      const open: Asked[] = [];
      for (const asked of await events<Asked>("Asked", { claimHash }, fromBlock))
        if ((await demand(asked.key)).answeredAt === 0n) open.push(asked);
      return open;
    },
    uncollected: async (claimHash, asker, fromBlock) => {
      const keys: Hex[] = [];
      const args = asker === undefined ? { claimHash } : { claimHash, asker };
      for (const { key } of await events<Asked>("Asked", args, fromBlock)) {
        const { collected, answeredAt } = await demand(key);
        if (!collected && (asker !== undefined || answeredAt !== 0n)) keys.push(key);
      }
      return keys;
    },
    askedWei: async (claimHash, asker, fromBlock) => {
      const asked = await events<Asked>("Asked", { claimHash, asker }, fromBlock);
      const fees = await Promise.all(asked.map(async ({ key }) => (await demand(key)).feeWei));
      return fees.reduce((sum, feeWei) => sum + feeWei, 0n);
    },
    timedOut: async (claimHash, fromBlock) => (await events("TimedOut", { claimHash }, fromBlock)).length > 0,
    sumAt: async (claimHash, key, fromBlock) => {
      const [asked] = await events<{ node: number; element: bigint }>("SumAsked", { claimHash, key }, fromBlock);
      if (asked === undefined) throw new Error(`L1 shows no sum for the demand ${key}`);
      return { node: asked.node, element: Number(asked.element) };
    },
    range: async (claimHash, key, fromBlock) => {
      const [asked] = await events<{ range: ChunkRange }>("ChunksAsked", { claimHash, key }, fromBlock);
      if (asked === undefined) throw new Error(`L1 shows no range for the demand ${key}`);
      return asked.range;
    },
  };
}
