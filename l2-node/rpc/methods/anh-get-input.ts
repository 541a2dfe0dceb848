import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { executionOf, method } from "../method.ts";
import { hash } from "../schemas.ts";

/** Bytes of an inference input by its tensor root. */
export const anhGetInput = method(z.tuple([hash]), async (context, [root]) => {
  const bytes = await executionOf(context).inputBytes(root);
  return bytes && hexOf(bytes);
});
