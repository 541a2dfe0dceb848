import { decodeAttributes, type EncodedNode, OP } from "../../common/graph-encoding.ts";
import { convReads } from "../ops/conv-reads.ts";
import type { Read } from "../ops/op.ts";
import { poolReads } from "../ops/pool-reads.ts";

/** Reads of Conv, ConvTranspose and MaxPool: each operand through its layout where it has one. */
export function windowReads(node: EncodedNode, element: number): Read[] {
  const [x, w] = node.inputs.map(({ value }) => value.shape);
  const output = node.outputs[0]!.shape;
  if (node.op === OP.MaxPool) {
    const [kernel, strides, pads, dilations] = decodeAttributes.pool(node.attributes);
    return poolReads({ kernel, strides, pads, dilations }, x!, output, element);
  }
  const [strides, pads, dilations, group] = decodeAttributes.conv(node.attributes);
  const window = { kernel: w!.slice(2), strides, pads, dilations };
  const shape = { window, group, x: x!, w: w!, output, transposed: node.op === OP.ConvTranspose };
  return convReads(shape, element, node.inputs.length === 3);
}
