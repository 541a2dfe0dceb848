import { z } from "zod";
import { method } from "../method.ts";
import { callTree, framesOf } from "../otterscan.ts";
import { hash } from "../schemas.ts";

/** The call tree, flat. */
export const otsTraceTransaction = method(z.tuple([hash]), async (context, [transactionHash]) => {
  const tree = await callTree(context, transactionHash);
  if (!tree) return null;
  return [...framesOf(tree)].map(({ frame: { type, from, to, value, input, output }, depth }) => ({
    type,
    depth,
    from,
    to: to ?? null,
    value: value ?? null,
    input,
    output: output ?? "0x",
  }));
});
