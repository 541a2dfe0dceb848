import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { encodeHeader } from "../../../common/header.ts";
import { foundBlock } from "../blocks.ts";
import { method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** RLP of the header; keccak gives the block's hash. */
export const debugGetRawHeader = method(z.tuple([blockRef]), (context, [ref]) =>
  hexOf(encodeHeader(foundBlock(context, ref).header)),
);
