// Row-major index arithmetic over shapes; contracts/libraries/IndexMath.sol does the same.
import { AnhError } from "../../common/errors.ts";
import { elementCount } from "../../common/graph-encoding.ts";

/** An element outside a tensor, or operands that do not fit the node's output. */
export class IndexError extends AnhError {}

type Shape = readonly number[];

export function unravel(element: number, shape: Shape): number[] {
  if (!(element >= 0 && element < elementCount(shape)))
    throw new IndexError("element-index", `element ${element} of a tensor of ${elementCount(shape)}`, {
      expected: `0 ≤ element < ${elementCount(shape)}`,
      actual: element,
    });
  const index = new Array<number>(shape.length);
  let rest = element;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

export function ravel(index: readonly number[], shape: Shape): number {
  if (index.length !== shape.length) throw new IndexError("rank", "ranks differ", { expected: shape, actual: index });
  return index.reduce((element, position, axis) => {
    if (!(position >= 0 && position < shape[axis]!))
      throw new IndexError("axis-index", `position ${position} on axis ${axis} of [${shape}]`);
    return element * shape[axis]! + position;
  }, 0);
}

/** The element of `shape` that broadcasts to `index`: trailing axes align, axes of size 1 repeat. */
export function broadcastElement(index: readonly number[], shape: Shape): number {
  const lead = index.length - shape.length;
  return ravel(
    shape.map((size, axis) => (size === 1 ? 0 : (index[lead + axis] ?? -1))),
    shape,
  );
}
