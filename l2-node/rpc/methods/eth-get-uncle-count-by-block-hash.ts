import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { hexQuantity } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

export const ethGetUncleCountByBlockHash = method(z.tuple([hash]), (context, [blockHash]) =>
  findBlock(context, { hash: blockHash }) ? hexQuantity(0) : null,
);
