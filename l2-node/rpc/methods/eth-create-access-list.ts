import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { toCall } from "../calls.ts";
import { hexQuantity } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { blockRef, callRequest, LATEST } from "../schemas.ts";

export const ethCreateAccessList = method(
  z.tuple([callRequest, blockRef.optional()]),
  async (context, [request, ref = LATEST]) => {
    const execution = executionOf(context);
    const at = stateAt(context, ref);
    const call = toCall(context, request);
    const { accessList, gasUsed, error } = await context.gate(() => execution.createAccessList(call, at));
    return { accessList, gasUsed: hexQuantity(gasUsed), ...(error === undefined ? {} : { error }) };
  },
);
