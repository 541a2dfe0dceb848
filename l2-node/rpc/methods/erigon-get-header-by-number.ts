import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { formatHead } from "../format.ts";
import { method } from "../method.ts";
import { blockNumber, plainHeight } from "../schemas.ts";

/** Otterscan asks this to learn whom it talks to. */
export const erigonGetHeaderByNumber = method(
  z.tuple([z.union([plainHeight, blockNumber]).meta({ title: "block" })]),
  (context, [ref]) => {
    const block = findBlock(context, ref);
    return block ? formatHead(block) : null;
  },
);
