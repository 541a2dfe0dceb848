import type * as onnx from "onnx-buf";
import type { Attributes, Node, OpName } from "../../graph/graph.ts";

/** How a primitive is spelled in ONNX, opset 18: int attributes, and integer lists that ONNX takes as extra inputs. */
export type Spelling = {
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  /** null: an optional input that is left out. */
  readonly lists: readonly (readonly number[] | null)[];
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
    case "GatherElements":
      return { attributes: { axis: attribute(node, "axis") }, lists: [] };
    case "ScatterElements":
      return { attributes: { axis: attribute(node, "axis"), reduction: "add" }, lists: [] };
    case "Reshape":
      // Without allowzero a 0 would mean "as in the input".
      return { attributes: list(node, "shape").includes(0) ? { allowzero: 1 } : {}, lists: [list(node, "shape")] };
    case "Expand":
      return { attributes: {}, lists: [list(node, "shape")] };
    case "Slice": {
      const axes = list(node, "starts").map((_, axis) => axis);
      return { attributes: {}, lists: [list(node, "starts"), list(node, "ends"), axes, list(node, "steps")] };
    }
    case "Conv":
    case "ConvTranspose":
    case "MaxPool":
      return { attributes: node.attributes, lists: [] };
    case "Pad":
      return { attributes: {}, lists: [list(node, "pads")] };
    case "Resize":
      return {
        attributes: { coordinate_transformation_mode: "asymmetric", mode: "nearest", nearest_mode: "floor" },
        lists: [null, null, list(node, "sizes")],
      };
    default:
      return { attributes: {}, lists: [] };
  }
}

/** The attributes of a primitive out of its canonical spelling; what is missing shows when its shape is inferred. */
export function unspell(
  op: OpName,
  attributes: ReadonlyMap<string, onnx.AttributeProto>,
  lists: readonly (readonly number[])[],
): Attributes {
  const int = (name: string): number => Number(attributes.get(name)?.i ?? -1n);
  const list = (index: number): readonly number[] => lists[index] ?? [];
  switch (op) {
    case "Cast":
      return { to: int("to") };
    case "Gemm":
      return { transA: int("transA"), transB: int("transB") };
    case "ReduceSum":
    case "ReduceMax":
      return { axes: list(0), keepdims: int("keepdims") };
    case "ArgMax":
      return { axis: int("axis"), keepdims: int("keepdims") };
    case "Transpose":
      return { perm: attributes.get("perm")?.ints.map(Number) ?? [] };
    case "Concat":
    case "Gather":
    case "GatherElements":
    case "ScatterElements":
      return { axis: int("axis") };
    case "Reshape":
    case "Expand":
      return { shape: list(0) };
    case "Slice":
      return { starts: list(0), ends: list(1), steps: list(3) };
    case "Conv":
    case "ConvTranspose":
    case "MaxPool":
      return windowed(op, attributes);
    case "Pad":
      return { pads: list(0) };
    case "Resize":
      return { sizes: list(0) };
    default:
      return {};
  }
}

const WINDOWED = {
  Conv: ["dilations", "pads", "strides"],
  ConvTranspose: ["dilations", "output_padding", "pads", "strides"],
  MaxPool: ["dilations", "kernel_shape", "pads", "strides"],
} as const;

function windowed(op: keyof typeof WINDOWED, attributes: ReadonlyMap<string, onnx.AttributeProto>): Attributes {
  const lists = Object.fromEntries(WINDOWED[op].map((name) => [name, attributes.get(name)?.ints.map(Number) ?? []]));
  return op === "MaxPool" ? lists : { ...lists, group: Number(attributes.get("group")?.i ?? -1n) };
}
