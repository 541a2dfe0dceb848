import type { Attributes, OpName } from "../graph/graph.ts";
import { listAttribute } from "../ops/attributes.ts";
import { axesOfWindow, groupOf, type WindowAxis, windowOf } from "../ops/window.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";

/** `times` reads of `count` consecutive elements each, of an operand in its layout where it has one. */
export type WorstRead = { readonly operand: number; readonly count: number; readonly times: number };

/**
 * What judging the worst element of an op reads (P7.8), by shapes alone: several lists where data or place choose one of them.
 * contracts/libraries/graph/NodeGate.sol reckons with the same.
 */
export function worstReads(op: OpName, attributes: Attributes, inputs: readonly Shape[]): readonly WorstRead[][] {
  const one = (operand: number): WorstRead => ({ operand, count: 1, times: 1 });
  const row = (operand: number, count: number): WorstRead => ({ operand, count, times: 1 });
  const terms = termsOf(op, attributes, inputs);
  switch (op) {
    case "MatMul":
    case "Gemm":
      return [[row(0, terms), row(1, terms), ...inputs.slice(2).map(() => one(2))]];
    case "ReduceSum":
    case "ReduceMax":
    case "ArgMax":
      return [[isOneRead(op, attributes, inputs[0]!, terms) ? row(0, terms) : { operand: 0, count: 1, times: terms }]];
    case "ScatterElements":
      return [[one(0), row(1, terms), row(2, terms)]];
    case "Conv":
    case "ConvTranspose": {
      const [x, w] = inputs as readonly [Shape, Shape];
      const [down, across] = axesOfWindow(windowOf(attributes, w.slice(2)), x).map(op === "Conv" ? reach : reachBack);
      const own = x[1]! / groupOf(attributes);
      const image =
        across!.span === 0 ? [] : [{ operand: 0, count: (across!.span - 1) * x[1]! + own, times: down!.taps }];
      return [[...image, row(1, terms), ...inputs.slice(2).map(() => one(2))]];
    }
    case "MaxPool": {
      const [down, across] = axesOfWindow(
        windowOf(attributes, listAttribute(attributes, "kernel_shape")),
        inputs[0]!,
      ).map(reach);
      return [[{ operand: 0, count: across!.span, times: down!.taps }]];
    }
    case "Where":
      return [
        [one(0), one(1)],
        [one(0), one(2)],
      ];
    case "Concat":
      return inputs.map((_, operand) => [one(operand)]);
    default:
      return [inputs.map((_, operand) => one(operand))];
  }
}

/** Operations on the way to one element. */
export function termsOf(op: OpName, attributes: Attributes, inputs: readonly Shape[]): number {
  const [shape, second] = inputs as readonly [Shape, Shape];
  switch (op) {
    case "Gemm":
      return shape[attributes.transA === 1 ? 0 : 1]!;
    case "MatMul":
      return shape.at(-1)!;
    case "ReduceSum":
    case "ReduceMax":
      return sizeOf((attributes.axes as readonly number[]).map((axis) => shape[axis]!));
    case "ScatterElements":
      return second[0]!;
    case "Conv":
      return sizeOf(second.slice(1));
    case "ConvTranspose":
      return (shape[1]! / (attributes.group as number)) * sizeOf(second.slice(2));
    case "MaxPool":
      return sizeOf(attributes.kernel_shape as readonly number[]);
    case "ArgMax":
      return shape[attributes.axis as number]!;
    default:
      return 1;
  }
}

/** Terms that lie side by side: the last axes, one term, or leading axes through their layout. */
function isOneRead(op: OpName, attributes: Attributes, shape: Shape, terms: number): boolean {
  if (terms === 1) return true;
  const axes = op === "ArgMax" ? [attributes.axis as number] : (attributes.axes as readonly number[]);
  if (op !== "ArgMax" && axes[0] === 0) return true;
  return sizeOf(shape.slice(axes.at(-1)! + 1)) === 1;
}

type Reach = {
  /** Most taps of one position that lie in the image. */
  readonly taps: number;
  /** Elements from the first to the last of them. */
  readonly span: number;
};

function reach({ size, kernel, dilation }: WindowAxis): Reach {
  const taps = Math.min(kernel, Math.ceil(size / dilation));
  return { taps, span: taps === 0 ? 0 : (taps - 1) * dilation + 1 };
}

/** Of a transposed window: every (stride / gcd)-th tap has a position, dilation / gcd apart. */
function reachBack({ size, kernel, stride, dilation }: WindowAxis): Reach {
  const divisor = gcd(stride, dilation);
  const taps = Math.min(Math.ceil(kernel / (stride / divisor)), size);
  return { taps, span: taps === 0 ? 0 : Math.min(size, (taps - 1) * (dilation / divisor) + 1) };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
