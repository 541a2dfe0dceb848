import { bytesToHex, encodeAbiParameters, type Hex } from "viem";
import { DTYPE, dtypeBytes } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { valueAt } from "../graph/graph.ts";
import { leafReads } from "../model/leaf.ts";
import { bytesOf, zeros } from "../tensor/tensor.ts";
import { elementWitness } from "./abi.ts";
import { type ChunkRange, chunkRangeOf, type StepSource } from "./chunks.ts";
import { elementBytes, headerProof, nodeProof, openingOf } from "./proofs.ts";
import { operandRead, outputRead, type Read } from "./reads.ts";

/** The output's read, then the operands': one opening each, in this order. */
export async function elementReads(source: StepSource, node: number, element: number): Promise<Read[]> {
  const operands = operandReads(source, node, element);
  const output = outputRead(nodeProof(source.graph, node).node, element);
  // An infinity or NaN is wrong whatever the operands are: the verifier asks for none.
  if (output.value.dtype === DTYPE.float32 && !Number.isFinite(await readNumber(source, output))) return [output];
  return [output, ...(await operands())];
}

/** Throws at once for what has no leaf; what the reads depend on is read when they are asked for. */
function operandReads(source: StepSource, node: number, element: number): () => Promise<Read[]> {
  const encoded = nodeProof(source.graph, node).node;
  const found = new Map<string, number>();
  const attempt = () => {
    try {
      return leafReads(source.model, node, element, (operand, index) => {
        const known = found.get(`${operand}/${index}`);
        if (known === undefined) throw new ElementNeeded(operand, index);
        return known;
      });
    } catch (error) {
      if (error instanceof ElementNeeded) return error;
      throw error;
    }
  };
  let reads = attempt();
  return async () => {
    for (; reads instanceof ElementNeeded; reads = attempt()) {
      const { operand, index } = reads;
      const read = { operand, value: encoded.inputs[operand]!.value, first: index, count: 1 };
      found.set(`${operand}/${index}`, await readNumber(source, read));
    }
    return reads.map((read) => operandRead(encoded, read));
  };
}

/** Which elements an op reads depends on one that is not known yet. */
class ElementNeeded extends Error {
  readonly operand: number;
  readonly index: number;
  constructor(operand: number, index: number) {
    super(`element ${index} of operand ${operand}`);
    this.operand = operand;
    this.index = index;
  }
}

/** What has to be known (or demanded) of the step's values for a witness. */
export const elementRanges = async (source: StepSource, node: number, element: number): Promise<ChunkRange[]> =>
  (await elementReads(source, node, element)).map(chunkRangeOf);

/** Witness of kind 1 (P7.8): node `node`'s output element `element`, by flat index. */
export async function buildElementWitness(source: StepSource, node: number, element: number): Promise<Hex> {
  return encodeWitness(source, node, element, await opened(source, await elementReads(source, node, element)));
}

/** The same of what comes with a failure or behind it, which is zero or wrong (P15.2): no operand is read. */
export async function buildZeroWitness(source: StepSource, node: number, element: number): Promise<Hex> {
  const output = outputRead(nodeProof(source.graph, node).node, element);
  return encodeWitness(source, node, element, await opened(source, [output]));
}

/** Witness of kind 12 (P7.8): a result that is right of an element that is said to have failed. */
export async function buildFailureWitness(
  source: StepSource,
  node: number,
  element: number,
  right: number | bigint,
): Promise<Hex> {
  const { dtype } = valueAt(source.model, source.model.nodes[node]!.output);
  const result = zeros({ dtype, shape: [] });
  result.data[0] = right;
  const brought = { root: ZERO_HASH, rootProof: [], chunks: bytesToHex(bytesOf(result)), chunkProof: [] };
  const operands = await opened(source, await operandReads(source, node, element)());
  return encodeWitness(source, node, element, [brought, ...operands]);
}

type Openings = Awaited<ReturnType<typeof openingOf>>[];

async function opened(source: StepSource, reads: readonly Read[]): Promise<Openings> {
  const openings: Openings = [];
  for (const read of reads) openings.push(await openingOf(source, read));
  return openings;
}

function encodeWitness(source: StepSource, node: number, element: number, openings: Openings): Hex {
  const proof = nodeProof(source.graph, node);
  return encodeAbiParameters(elementWitness, [
    BigInt(proof.node.op),
    { header: headerProof(source.graph), node: proof, element: BigInt(element), openings },
  ]);
}

/** The first element of a read, as a number. */
export async function readNumber(source: StepSource, read: Read): Promise<number> {
  const { dtype } = read.value;
  const bytes = await elementBytes(source, read, dtypeBytes(dtype));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  switch (dtype) {
    case DTYPE.float32:
      return view.getFloat32(0, true);
    case DTYPE.int32:
      return view.getInt32(0, true);
    case DTYPE.int64:
      return Number(view.getBigInt64(0, true));
    default:
      return view.getUint8(0);
  }
}
