import { z } from "zod";
import { method } from "../method.ts";
import { callTree, framesOf } from "../otterscan.ts";
import { hash } from "../schemas.ts";

const TYPES: Readonly<Record<string, number>> = { CALL: 0, SELFDESTRUCT: 1, CREATE: 2, CREATE2: 3 };

/** Value moved and contracts made or destroyed below the top call; what failed moved nothing. */
export const otsGetInternalOperations = method(z.tuple([hash]), async (context, [transactionHash]) => {
  const tree = await callTree(context, transactionHash);
  if (!tree || tree.error) return [];
  return [...framesOf(tree)]
    .filter(({ frame, depth }) => depth > 0 && !frame.error && frame.type in TYPES)
    .filter(({ frame }) => frame.type !== "CALL" || BigInt(frame.value ?? "0x0") > 0n)
    .map(({ frame }) => ({ type: TYPES[frame.type], from: frame.from, to: frame.to, value: frame.value ?? "0x0" }));
});
