import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { hexQuantity } from "../format.ts";
import { method } from "../method.ts";
import { blockNumber } from "../schemas.ts";

export const ethGetUncleCountByBlockNumber = method(z.tuple([blockNumber]), (context, [ref]) =>
  findBlock(context, ref) ? hexQuantity(0) : null,
);
