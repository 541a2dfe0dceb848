import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { failure, toBlockOverrides, toCall, toOverrides } from "../calls.ts";
import { executionOf, method } from "../method.ts";
import { blockOverrides, blockRef, callRequest, LATEST, stateOverrides } from "../schemas.ts";

/** Forcing a result that is not there reverts with `NotReady(id)`. */
export const ethCall = method(
  z.tuple([callRequest, blockRef.optional(), stateOverrides.optional(), blockOverrides.optional()]),
  async (context, [request, ref = LATEST, overrides, block]) => {
    const execution = executionOf(context);
    const at = stateAt(context, ref);
    const call = toCall(context, request);
    const seen = toBlockOverrides(block);
    // Who pays nothing sees a base fee of nothing, as everywhere in Ethereum.
    const baseFeeWei = seen.baseFeeWei ?? (call.priceWei === undefined ? 0n : undefined);
    const result = await context.gate(() => execution.call(call, at, toOverrides(overrides), { ...seen, baseFeeWei }));
    if (result.status !== "success") throw failure(result.status, result.error, result.output);
    return result.output;
  },
);
