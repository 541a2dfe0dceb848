import {
  type Abi,
  type AbiFunction,
  decodeFunctionData,
  getAbiItem,
  type Hex,
  hexToBytes,
  toFunctionSelector,
} from "viem";
import type { StepTrace } from "../../common/claim.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import type { SegmentProof } from "../check/evidence.ts";
import type { Published, PublishedRoot, PublishedStep } from "../check/published.ts";
import { type ChunkSpan, type InputKind, type Want, WantedError } from "../check/want.ts";
import { CHUNKS_OF, type ChunkRange } from "../claims/demands-reader.ts";
import type { L1 } from "../l1.ts";
import type { SumNode } from "../model/root.ts";
import { CHUNK_BYTES, tensorRoot } from "../tensor/root.ts";
import type { StepRoots } from "../trace/step.ts";
import type { HeaderProof } from "../witness/proofs.ts";

/** The largest block that one demand may ask for (P7.6). */
const BLOCK_CHUNKS = 64;

type LeafLog = { readonly leaf: number; readonly encoded: Hex };
type RootLog = PublishedRoot & { readonly index: number };
type StepLog = { readonly key: Hex; readonly values: StepRoots; readonly proof: readonly Hex[] };
type MetricsLog = { readonly segment: number; readonly metrics: readonly Hex[] };

/** Everything a claimant has published on L1 about a claim. */
export async function readPublished({ client, contracts }: L1, claimHash: Hex, fromBlock: bigint): Promise<Published> {
  const contract = { address: contracts.demands, abi: demandsAbi as Abi };
  const found = (eventName: string) =>
    client.getContractEvents({ ...contract, eventName, args: { claimHash }, fromBlock, strict: true });
  async function logs<T>(eventName: string): Promise<T[]> {
    return (await found(eventName)).map((log) => (log as unknown as { args: T }).args);
  }

  const graphLogs = await found("GraphPublished");
  const graphLeaves = new Map<number, Hex>();
  for (const log of graphLogs) {
    const { leaf, encoded } = (log as unknown as { args: LeafLog }).args;
    graphLeaves.set(leaf, encoded);
  }
  const model = new Map<number, PublishedRoot>();
  for (const { index, root, proof } of await logs<RootLog>("ModelPublished")) model.set(index, { root, proof });

  const leaves = new Map<number, SegmentProof>();
  for (const { leaf, proof } of await logs<SegmentProof>("SegmentPublished")) leaves.set(leaf.index, { leaf, proof });
  const asked = new Map<Hex, { segment: number; step: number }>();
  for (const args of await logs<{ key: Hex; segment: number; step: number }>("Asked")) asked.set(args.key, args);
  const steps = new Map<string, PublishedStep>();
  for (const { key, values, proof } of await logs<StepLog>("StepPublished")) {
    const { segment, step } = asked.get(key)!;
    steps.set(`${segment}/${step}`, { roots: values, proof });
  }
  const metrics = new Map<number, readonly bigint[]>();
  for (const { segment, metrics: words } of await logs<MetricsLog>("MetricsPublished"))
    metrics.set(segment, words.map(BigInt));
  const opened = new Map<number, readonly StepTrace[]>();
  for (const { segment, traces } of await logs<{ segment: number; traces: readonly StepTrace[] }>("TracesPublished"))
    opened.set(segment, traces);
  const ranges = new Map<Hex, ChunkRange>();
  for (const { key, range } of await logs<{ key: Hex; range: ChunkRange }>("ChunksAsked")) ranges.set(key, range);
  const chunks = new Map<string, Uint8Array>();
  for (const { key, data: published } of await logs<{ key: Hex; data: Hex }>("ChunksPublished")) {
    const range = ranges.get(key)!;
    const data = hexToBytes(published);
    for (let i = 0; i < range.chunkCount; i++)
      chunks.set(
        [...ownerOf(range), range.firstChunk + i].join("/"),
        data.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
      );
  }
  /** A whole tensor, if all its chunks were published. */
  function whole(owner: Owner, byteLength: number, want: (missing: ChunkSpan) => Want): Uint8Array {
    const keys = Array.from({ length: Math.ceil(byteLength / CHUNK_BYTES) }, (_, chunk) => [...owner, chunk].join("/"));
    const missing = spansOf(keys.map((key) => !chunks.has(key)));
    if (missing.length > 0) throw new WantedError(...missing.map(want));
    return Buffer.concat(keys.map((key) => chunks.get(key)!));
  }

  return {
    graphLeaf: (leaf) => graphLeaves.get(leaf),
    headerSiblings: async () => {
      const hashes = new Set(graphLogs.map(({ transactionHash }) => transactionHash));
      const transactions = await Promise.all([...hashes].map((hash) => client.getTransaction({ hash })));
      return transactions.flatMap(({ input }) => headersIn(input));
    },
    model: (index) => model.get(index),
    leaf: (segment) => leaves.get(segment),
    metrics: (segment) => metrics.get(segment),
    step: (segment, step) => steps.get(`${segment}/${step}`),
    opened: (segment) => opened.get(segment),
    read: (segment, step) => async (place, index, root, byteLength) => {
      const owner: Owner = [CHUNKS_OF.value, segment, step, place, index];
      const bytes = whole(owner, byteLength, (span) => ({ path: "chunks", segment, step, place, index, ...span }));
      if (tensorRoot(bytes) !== root) throw new Error("L1 shows chunks that do not give their root");
      return bytes;
    },
    input: (of, index, byteLength) =>
      whole(ownerOf({ ...NO_VALUE, source: INPUT_SOURCE[of], index }), byteLength, (span) => ({
        path: "input",
        of,
        index,
        ...span,
      })),
  };
}

const ANSWER_GRAPH = toFunctionSelector(getAbiItem({ abi: demandsAbi as Abi, name: "answerGraph" }) as AbiFunction);

/**
 * Proofs of headers among the arguments of calls of `answerGraph`. The event does not hold them, and a claimant that is a
 * contract may be called with anything: each place that looks like the call is tried.
 */
function headersIn(input: Hex): (readonly SumNode[])[] {
  const found: (readonly SumNode[])[] = [];
  const selector = ANSWER_GRAPH.slice(2);
  for (let at = input.indexOf(selector, 2); at >= 0; at = input.indexOf(selector, at + 1)) {
    try {
      const { args } = decodeFunctionData({ abi: demandsAbi as Abi, data: `0x${input.slice(at)}` });
      found.push((args as readonly [unknown, unknown, unknown, HeaderProof])[3].siblings);
    } catch {
      // Other bytes that happen to begin alike.
    }
  }
  return found;
}

/** The blocks that hold missing chunks. */
function spansOf(missing: readonly boolean[]): ChunkSpan[] {
  const spans: ChunkSpan[] = [];
  for (let firstChunk = 0; firstChunk < missing.length; firstChunk += BLOCK_CHUNKS) {
    const block = missing.slice(firstChunk, firstChunk + BLOCK_CHUNKS);
    if (block.includes(true)) spans.push({ firstChunk, chunkCount: block.length });
  }
  return spans;
}

/** What tensor a chunk belongs to: source, segment, step, place, index. */
type Owner = readonly [number, number, number, number, number];

const ownerOf = ({
  source,
  segment,
  step,
  place,
  index,
}: Pick<ChunkRange, "source" | "segment" | "step" | "place" | "index">) =>
  [source, segment, step, place, index] as const satisfies Owner;

const NO_VALUE = { segment: 0, step: 0, place: 0 } as const;

/** Where L1 finds the root of an input. */
export const INPUT_SOURCE: Record<InputKind, number> = { dataset: CHUNKS_OF.dataset, start: CHUNKS_OF.start };
