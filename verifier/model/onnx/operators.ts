import type { Node } from "../../graph/graph.ts";

/** How a primitive is spelled in ONNX, opset 18: int attributes, and integer lists that ONNX takes as extra inputs. */
export type Spelling = {
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
  readonly lists: readonly (readonly number[])[];
};

const attribute = (node: Node, name: string): number | readonly number[] => node.attributes[name]!;
const list = (node: Node, name: string): readonly number[] => node.attributes[name] as readonly number[];

export function spell(node: Node): Spelling {
  switch (node.op) {
    case "Cast":
      return { attributes: { to: attribute(node, "to") }, lists: [] };
    case "Gemm":
      return { attributes: { transA: attribute(node, "transA"), transB: attribute(node, "transB") }, lists: [] };
    case "ReduceSum":
    case "ReduceMax":
      return { attributes: { keepdims: attribute(node, "keepdims") }, lists: [list(node, "axes")] };
    case "ArgMax":
      return { attributes: { axis: attribute(node, "axis"), keepdims: attribute(node, "keepdims") }, lists: [] };
    case "Transpose":
      return { attributes: { perm: attribute(node, "perm") }, lists: [] };
    case "Concat":
    case "Gather":
      return { attributes: { axis: attribute(node, "axis") }, lists: [] };
    case "Reshape":
      // Without allowzero a 0 would mean "as in the input".
      return { attributes: list(node, "shape").includes(0) ? { allowzero: 1 } : {}, lists: [list(node, "shape")] };
    case "Expand":
      return { attributes: {}, lists: [list(node, "shape")] };
    case "Slice": {
      const axes = list(node, "starts").map((_, axis) => axis);
      return { attributes: {}, lists: [list(node, "starts"), list(node, "ends"), axes, list(node, "steps")] };
    }
    default:
      return { attributes: {}, lists: [] };
  }
}
