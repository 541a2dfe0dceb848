import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { method } from "../method.ts";
import { blockDetails } from "../otterscan.ts";
import { blockNumber, plainHeight } from "../schemas.ts";

export const otsGetBlockDetails = method(
  z.tuple([z.union([plainHeight, blockNumber]).meta({ title: "block" })]),
  (context, [ref]) => {
    const block = findBlock(context, ref);
    return block ? blockDetails(context, block) : null;
  },
);
