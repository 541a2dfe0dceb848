import { type Attributes, type Graph, type Node, type OpName, valueAt } from "../graph/graph.ts";
import { allocate, type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";

/** Views a value's data as [batch, rows, cols] and commits it as [batch, cols, rows] (P5.4). */
export type Layout = { readonly batch: number; readonly rows: number; readonly cols: number };

/** The layout that each operand of a node is read through; null: in its own order (P5.4). */
export const operandLayouts = (graph: Graph, node: Node): (Layout | null)[] =>
  layoutsOf(
    node.op,
    node.attributes,
    node.inputs.map((id) => valueAt(graph, id).shape),
  );

/** The same of an op by its operands' shapes. */
export function layoutsOf(op: OpName, attributes: Attributes, shapes: readonly Shape[]): (Layout | null)[] {
  const matrix = (shape: Shape): Layout | null =>
    layoutOf(sizeOf(shape.slice(0, -2)), shape.at(-2) ?? 1, shape.at(-1) ?? 1);
  const images = (shape: Shape): Layout | null => layoutOf(shape[0]!, shape[1]!, sizeOf(shape.slice(2)));
  switch (op) {
    case "MatMul":
      return [null, matrix(shapes[1]!)];
    case "Gemm": {
      const a = attributes.transA === 1 ? matrix(shapes[0]!) : null;
      const b = attributes.transB === 1 ? null : matrix(shapes[1]!);
      return [a, b, null].slice(0, shapes.length);
    }
    case "ReduceSum":
    case "ReduceMax": {
      const axes = attributes.axes as readonly number[];
      const [shape] = shapes;
      const leading = axes.every((axis, i) => axis === i);
      return [leading ? layoutOf(1, sizeOf(shape!.slice(0, axes.length)), sizeOf(shape!.slice(axes.length))) : null];
    }
    case "ScatterElements":
      return [null, matrix(shapes[1]!), matrix(shapes[2]!)];
    // NHWC: the channels of a position side by side.
    case "Conv":
      return [images(shapes[0]!), null, null].slice(0, shapes.length);
    // The channels that a tap of one filter multiplies side by side.
    case "ConvTranspose": {
      const group = attributes.group as number;
      const [channels, ...filter] = shapes[1]!;
      return [images(shapes[0]!), layoutOf(group, channels! / group, sizeOf(filter)), null].slice(0, shapes.length);
    }
    default:
      return shapes.map(() => null);
  }
}

/** A single row or column reads the same either way. */
const layoutOf = (batch: number, rows: number, cols: number): Layout | null =>
  rows <= 1 || cols <= 1 ? null : { batch, rows, cols };

export const sameLayout = (a: Layout | null, b: Layout | null): boolean =>
  a === b || (a !== null && b !== null && a.batch === b.batch && a.rows === b.rows && a.cols === b.cols);

/** The bytes that a layout commits, for a tensor of as many elements as the layout has. */
export function layoutBytes(tensor: Tensor, { batch, rows, cols }: Layout): Uint8Array<ArrayBuffer> {
  const source = tensor.data;
  const turned = allocate(tensor.dtype, source.length);
  for (let matrix = 0; matrix < batch; matrix++) {
    const start = matrix * rows * cols;
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) turned[start + col * rows + row] = source[start + row * cols + col]!;
    }
  }
  return new Uint8Array(turned.buffer as ArrayBuffer);
}
