import { type Abi, type Hex, hexToBytes } from "viem";
import type { StepTrace } from "../../common/claim.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import type { SegmentProof } from "../check/evidence.ts";
import type { Published, PublishedLeaf, PublishedRoot } from "../check/published.ts";
import { type ChunkSpan, type InputKind, type Want, WantedError } from "../check/want.ts";
import { CHUNKS_OF, type ChunkRange } from "../claims/demands-reader.ts";
import type { L1 } from "../l1.ts";
import { CHUNK_BYTES, tensorRoot } from "../tensor/root.ts";

/** The largest block that one demand may ask for (P7.6). */
const BLOCK_CHUNKS = 64;

type LeafLog = PublishedLeaf & { readonly graphRoot: Hex; readonly leaf: number };
type AskedLog = { readonly key: Hex; readonly segment: number; readonly step: number; readonly page: number };
type SumAskedLog = { readonly key: Hex; readonly node: number; readonly element: bigint };
type RootLog = PublishedRoot & { readonly index: number };
type StepLog = {
  readonly key: Hex;
  readonly trace: StepTrace;
  readonly proof: readonly Hex[];
  readonly roots: readonly Hex[];
};
type MetricsLog = { readonly segment: number; readonly metrics: readonly Hex[] };

/** Everything a claimant has published on L1 about a claim. */
export async function readPublished({ client, contracts }: L1, claimHash: Hex, fromBlock: bigint): Promise<Published> {
  const contract = { address: contracts.demands, abi: demandsAbi as Abi };
  const found = (eventName: string) =>
    client.getContractEvents({ ...contract, eventName, args: { claimHash }, fromBlock, strict: true });
  async function logs<T>(eventName: string): Promise<T[]> {
    return (await found(eventName)).map((log) => (log as unknown as { args: T }).args);
  }

  const graphLeaves = new Map<string, PublishedLeaf>();
  for (const { graphRoot, leaf, encoded, siblings } of await logs<LeafLog>("GraphPublished"))
    graphLeaves.set(`${graphRoot}/${leaf}`, { encoded, siblings });
  const model = new Map<number, PublishedRoot>();
  for (const { index, root, proof } of await logs<RootLog>("ModelPublished")) model.set(index, { root, proof });

  const leaves = new Map<number, SegmentProof>();
  for (const { leaf, proof } of await logs<SegmentProof>("SegmentPublished")) leaves.set(leaf.index, { leaf, proof });
  // Read before the questions: what is answered was asked for.
  const shownSteps = await logs<StepLog>("StepPublished");
  const shownSums = await logs<{ key: Hex; published: Hex }>("SumPublished");
  const askedSums = new Map<Hex, SumAskedLog>();
  for (const args of await logs<SumAskedLog>("SumAsked")) askedSums.set(args.key, args);
  const asked = new Map<Hex, AskedLog>();
  for (const args of await logs<AskedLog>("Asked")) asked.set(args.key, args);
  const steps = new Map<string, StepLog & { readonly pages: Map<number, readonly Hex[]> }>();
  for (const shown of shownSteps) {
    const { segment, step, page } = asked.get(shown.key)!;
    const at = `${segment}/${step}`;
    const pages = steps.get(at)?.pages ?? new Map();
    steps.set(at, { ...shown, pages: pages.set(page, shown.roots) });
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
  const sums = new Map<string, Uint8Array>();
  for (const { key, published } of shownSums) {
    const [{ segment, step }, { node, element }] = [asked.get(key)!, askedSums.get(key)!];
    sums.set([segment, step, node, element].join("/"), hexToBytes(published));
  }

  /** A whole tensor, if all its chunks were published. */
  function whole(owner: Owner, byteLength: number, want: (missing: ChunkSpan) => Want): Uint8Array {
    const keys = Array.from({ length: Math.ceil(byteLength / CHUNK_BYTES) }, (_, chunk) => [...owner, chunk].join("/"));
    const missing = spansOf(keys.map((key) => !chunks.has(key)));
    if (missing.length > 0) throw new WantedError(...missing.map(want));
    return Buffer.concat(keys.map((key) => chunks.get(key)!));
  }

  return {
    graphLeaf: (root, leaf) => graphLeaves.get(`${root}/${leaf}`),
    model: (index) => model.get(index),
    leaf: (segment) => leaves.get(segment),
    metrics: (segment) => metrics.get(segment),
    step: (segment, step) => {
      const shown = steps.get(`${segment}/${step}`);
      return shown && { trace: shown.trace, proof: shown.proof, page: (page) => shown.pages.get(page) };
    },
    opened: (segment) => opened.get(segment),
    read: (segment, step) => async (place, index, root, byteLength) => {
      const owner: Owner = [CHUNKS_OF.value, segment, step, place, index];
      const bytes = whole(owner, byteLength, (span) => ({ path: "chunks", segment, step, place, index, ...span }));
      if (tensorRoot(bytes) !== root) throw new Error("L1 shows chunks that do not give their root");
      return bytes;
    },
    sum: (segment, step, node, element) => sums.get([segment, step, node, element].join("/")),
    input: (of, index, byteLength) =>
      whole(ownerOf({ ...NO_VALUE, source: INPUT_SOURCE[of], index }), byteLength, (span) => ({
        path: "input",
        of,
        index,
        ...span,
      })),
  };
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
const INPUT_SOURCE: Record<InputKind, number> = {
  dataset: CHUNKS_OF.dataset,
  start: CHUNKS_OF.start,
  constant: CHUNKS_OF.constant,
};
