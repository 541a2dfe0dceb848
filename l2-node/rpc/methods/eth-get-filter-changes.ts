import { z } from "zod";
import { method } from "../method.ts";
import { id } from "../schemas.ts";

/** What happened since the last question. Blocks not yet executed are, so that their logs are known. */
export const ethGetFilterChanges = method(z.tuple([id]), async (context, [filterId]) => {
  await context.execution?.executeTo("latest");
  return context.filters.changes(filterId);
});
