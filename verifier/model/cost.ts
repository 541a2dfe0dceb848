import { exactCount } from "../../common/graph-encoding.ts";
import { type Attributes, type Graph, type Node, type OpName, valueAt } from "../graph/graph.ts";
import { dtypes, type Shape, type TensorType } from "../tensor/tensor.ts";

export type Cost = { readonly flops: bigint; readonly bytes: bigint };

/** What a node costs by its shapes (P5.6): the price of a job and the sums of its graph root follow from it. */
export function nodeCost(graph: Graph, node: Node): Cost {
  return costOf(
    node.op,
    node.attributes,
    node.inputs.map((id) => valueAt(graph, id)),
    valueAt(graph, node.output),
  );
}

/** The same of an op by its operands' types and its output's; contracts/libraries/graph/NodeCost.sol has it, too. */
export const costOf = (
  op: OpName,
  attributes: Attributes,
  inputs: readonly TensorType[],
  output: TensorType,
): Cost => ({
  flops: flopsOf(
    op,
    attributes,
    inputs.map(({ shape }) => shape),
    output.shape,
  ),
  bytes: exactCount(output.shape) * BigInt(dtypes[output.dtype].bytes),
});

function flopsOf(op: OpName, attributes: Attributes, inputs: readonly Shape[], output: Shape): bigint {
  switch (op) {
    case "Reshape":
    case "Transpose":
    case "Slice":
    case "Concat":
    case "Gather":
    case "GatherElements":
    case "Expand":
    case "Pad":
    case "Resize":
      return 0n;
    case "MatMul":
      return 2n * exactCount(output) * BigInt(inputs[0]!.at(-1)!);
    case "Gemm": {
      const inner = attributes.transA === 1 ? inputs[0]![0]! : inputs[0]![1]!;
      const elements = exactCount(output);
      return 2n * elements * BigInt(inner) + (inputs.length === 3 ? elements : 0n);
    }
    case "Conv":
    case "ConvTranspose": {
      // A product per tap and channel of each output position, or of each input position.
      const positions = op === "Conv" ? output : inputs[0]!;
      const perPosition = exactCount(inputs[1]!.slice(1));
      return 2n * exactCount(positions) * perPosition + (inputs.length === 3 ? exactCount(output) : 0n);
    }
    case "MaxPool":
      return exactCount(output) * exactCount(attributes.kernel_shape as readonly number[]);
    default:
      return largest([output, ...inputs].map(exactCount));
  }
}

function largest(counts: readonly bigint[]): bigint {
  let most = 0n;
  for (const count of counts) if (count > most) most = count;
  return most;
}
