// Witnesses of kinds 4, 6, 7: the same bytes in two places (docs/protocol.md P7.5, P7.8).
import { bytesToHex, encodeAbiParameters, type Hex } from "viem";
import { metricLeaf } from "../../common/claim.ts";
import { type EncodedFeed, elementCount, PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { treeProof } from "../../common/merkle.ts";
import { feedWitness, layoutWitness, metricWitness } from "./abi.ts";
import { type Chunks, chunkRangeOf, type StepSource } from "./chunks.ts";
import { feedProof, headerProof, nodeProof, openingOf } from "./proofs.ts";
import { NoLeafError, type Read } from "./reads.ts";

/** The dataset as a feed witness needs it: the roots of its tensors, and chunks of one of them. */
export interface DatasetSource {
  readonly roots: readonly Hex[];
  readonly rows: number;
  readonly chunks: (tensor: number, firstChunk: number, lastChunk: number) => Promise<Chunks>;
}

/** Which element of which feed: `row` in the batch, `element` within the row; `datasetRow` is what P4.4 names. */
export interface FedElement {
  readonly feed: number;
  readonly row: number;
  readonly datasetRow: number;
  readonly element: number;
}

const rowElements = ({ shape }: EncodedFeed): number => elementCount(shape.slice(1));

/** The element in the feed, and the same in the dataset. */
export function feedReads(source: StepSource, dataset: DatasetSource, at: FedElement): [Read, Read] {
  const feed = source.graph.feeds[at.feed]!;
  const size = rowElements(feed);
  const value = { ...feed, place: PLACE.feed, index: at.feed };
  const inDataset = { ...value, shape: [dataset.rows, ...feed.shape.slice(1)] };
  return [
    { operand: -1, value, first: at.row * size + at.element, count: 1 },
    { operand: -1, value: inDataset, first: at.datasetRow * size + at.element, count: 1 },
  ];
}

/** A row of a feed is not the dataset row that the seed and the step name. */
export async function buildFeedWitness(source: StepSource, dataset: DatasetSource, at: FedElement): Promise<Hex> {
  const [fed, original] = feedReads(source, dataset, at);
  const { firstChunk, lastChunk } = chunkRangeOf(original);
  const { bytes, proof } = await dataset.chunks(at.feed, firstChunk, lastChunk);
  return encodeAbiParameters(
    [feedWitness],
    [
      {
        header: headerProof(source.graph),
        feed: at.feed,
        feedProof: feedProof(source.graph, at.feed),
        row: at.row,
        element: BigInt(at.element),
        openings: [
          await openingOf(source, fed),
          {
            root: dataset.roots[at.feed]!,
            rootProof: treeProof(dataset.roots, at.feed),
            chunks: bytesToHex(bytes),
            chunkProof: proof,
          },
        ],
      },
    ],
  );
}

/** An element of a mask is not what the seed and the step draw. */
export async function buildMaskWitness(source: StepSource, at: Omit<FedElement, "datasetRow">): Promise<Hex> {
  const feed = source.graph.feeds[at.feed]!;
  const value = { ...feed, place: PLACE.feed, index: at.feed };
  const fed: Read = { operand: -1, value, first: at.row * rowElements(feed) + at.element, count: 1 };
  return encodeAbiParameters(
    [feedWitness],
    [
      {
        header: headerProof(source.graph),
        feed: at.feed,
        feedProof: feedProof(source.graph, at.feed),
        row: at.row,
        element: BigInt(at.element),
        openings: [await openingOf(source, fed)],
      },
    ],
  );
}

const NO_FEED = { feed: { dtype: 0, shape: [], keep: 0 }, siblings: [] } as const;

/** The feed of an inference is not its input. */
export const buildInputWitness = (source: StepSource): Hex =>
  encodeAbiParameters(
    [feedWitness],
    [{ header: headerProof(source.graph), feed: 0, feedProof: NO_FEED, row: 0, element: 0n, openings: [] }],
  );

/** Element `element` of an operand's value, and where its reading layout has it. */
export function layoutReads(source: StepSource, node: number, operand: number, element: number): [Read, Read] {
  const { value, layout, layoutPlace, layoutIndex } = nodeProof(source.graph, node).node.inputs[operand]!;
  if (layout.length !== 3) throw new NoLeafError("layout", `operand ${operand} of node ${node} has no layout`);
  const [, rows, cols] = layout as [number, number, number];
  const matrix = Math.floor(element / (rows * cols));
  const inMatrix = element % (rows * cols);
  const turned = matrix * rows * cols + (inMatrix % cols) * rows + Math.floor(inMatrix / cols);
  return [
    { operand, value, first: element, count: 1 },
    { operand, value: { ...value, place: layoutPlace, index: layoutIndex }, first: turned, count: 1 },
  ];
}

/** A reading layout differs from its value in one element. */
export async function buildLayoutWitness(
  source: StepSource,
  node: number,
  operand: number,
  element: number,
): Promise<Hex> {
  const openings = [];
  for (const read of layoutReads(source, node, operand, element)) openings.push(await openingOf(source, read));
  return encodeAbiParameters(
    [layoutWitness],
    [
      {
        header: headerProof(source.graph),
        node: nodeProof(source.graph, node),
        operand,
        element: BigInt(element),
        openings,
      },
    ],
  );
}

export function lossRead(source: StepSource): Read | undefined {
  const { loss } = source.graph.header;
  return loss.place === PLACE.none ? undefined : { operand: -1, value: loss, first: 0, count: 1 };
}

/** The segment's metric of step `step` (within the segment) is not the loss; `metrics`: bits of the whole segment. */
export async function buildMetricWitness(
  source: StepSource,
  metrics: readonly (number | bigint)[],
  step: number,
): Promise<Hex> {
  const loss = lossRead(source);
  const leaves = metrics.map(metricLeaf);
  return encodeAbiParameters(
    [metricWitness],
    [
      {
        header: headerProof(source.graph),
        metric: loss === undefined ? ZERO_HASH : leaves[step]!,
        metricProof: loss === undefined ? [] : treeProof(leaves, step),
        openings: loss === undefined ? [] : [await openingOf(source, loss)],
      },
    ],
  );
}
