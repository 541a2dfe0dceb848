import { dtypeBytes, type EncodedValue, elementCount, nodeBytes, PLACE } from "../../common/graph-encoding.ts";
import { treeDepth } from "../../common/merkle.ts";
import { type Graph, valueAt } from "../graph/graph.ts";
import { CHUNK_BYTES } from "../tensor/root.ts";
import { operandRead, outputRead, type Read } from "../witness/reads.ts";
import { encodeHeader, encodeNode } from "./encoding.ts";
import { hasLeaf } from "./leaf.ts";
import { isInParts, PART_TERMS, publishedBytes } from "./parts.ts";
import { type Placement, placementOf } from "./placement.ts";
import { firstLeaves } from "./root.ts";
import { worstReads } from "./worst-reads.ts";

const WORD = 32;
/** Of a proof around the witness: the call, the task, the segment among 2³² and the step among 64, the signed envelope. */
const AROUND_BYTES = 2_816;
/** Of a witness beside the parts below: offsets, lengths, numbers and the header (P7.8). */
const FRAME_WORDS = 32;
/** Of an opening beside its proofs and chunks. */
const OPENING_WORDS = 8;

/** What a proof that an element of the node is wrong takes as an L1 transaction, at most; 0 for an output without a leaf. */
export type ProofSize = (node: number) => number;

/** The sizes of a graph's proofs: how deep its trees are is found out once. */
export function proofSizes(graph: Graph, placement: Placement = placementOf(graph)): ProofSize {
  const header = encodeHeader(graph, placement);
  const sumWords = 3 * treeDepth(firstLeaves(header).end);
  const listDepths: Readonly<Record<number, number>> = {
    [PLACE.state]: treeDepth(header.states),
    [PLACE.feed]: treeDepth(header.feeds),
    [PLACE.exact]: treeDepth(header.exactCount),
    [PLACE.loose]: treeDepth(header.looseCount),
    [PLACE.nextState]: treeDepth(header.nextStates),
  };

  function openingBytes({ value, count }: Read): number {
    const rootWords = listDepths[value.place] ?? 1 + value.shape.length + sumWords;
    const chunks = Math.ceil(bytesOf(value) / CHUNK_BYTES);
    return WORD * (OPENING_WORDS + rootWords + 2 * treeDepth(chunks)) + chunkBytes(value, count);
  }

  return (index) => {
    const node = graph.nodes[index]!;
    if (!hasLeaf(node)) return 0;
    const encoded = encodeNode(graph, placement, index);
    const nodeSize = (nodeBytes(encoded).length - 2) / 2;
    const isLong = isInParts(graph, node);
    // Of a product in parts those of one part, and what was published of all.
    const published = isLong ? WORD * 2 + publishedBytes(graph, node, "tolerant") : 0;
    const shapes = node.inputs.map((id) => valueAt(graph, id).shape);
    const openings = worstReads(node.op, node.attributes, shapes).map((reads) =>
      reads.reduce(
        (sum, { operand, count, times }) => {
          const read = { operand, start: 0, count: isLong ? Math.min(count, PART_TERMS) : count };
          return sum + times * openingBytes(operandRead(encoded, read));
        },
        openingBytes(outputRead(encoded, 0)),
      ),
    );
    return AROUND_BYTES + WORD * (FRAME_WORDS + 2 * sumWords) + nodeSize + published + Math.max(...openings);
  };
}

const bytesOf = ({ dtype, shape }: Pick<EncodedValue, "dtype" | "shape">): number =>
  elementCount(shape) * dtypeBytes(dtype);

/** Of `count` elements, wherever they begin: whole chunks, of which both ends may be others'. */
function chunkBytes(value: EncodedValue, count: number): number {
  const size = dtypeBytes(value.dtype);
  const chunks = Math.ceil((count * size + CHUNK_BYTES - size) / CHUNK_BYTES);
  return Math.min(bytesOf(value), chunks * CHUNK_BYTES);
}
