import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { toBlockOverrides, toCall, toOverrides } from "../calls.ts";
import { executionOf, method } from "../method.ts";
import { blockOverrides, blockRef, callRequest, LATEST, stateOverrides } from "../schemas.ts";
import { toTraceOptions, traceOptions } from "../trace-options.ts";

const options = traceOptions.extend({
  stateOverrides: stateOverrides.nullish(),
  blockOverrides: blockOverrides.nullish(),
});

/** As eth_call, traced. */
export const debugTraceCall = method(
  z.tuple([callRequest, blockRef.optional(), options.meta({ title: "options" }).optional()]),
  (context, [request, ref = LATEST, params = {}]) => {
    const execution = executionOf(context);
    const [call, at, traced] = [toCall(context, request), stateAt(context, ref), toTraceOptions(params)];
    const overrides = toOverrides(params.stateOverrides ?? undefined);
    const block = toBlockOverrides(params.blockOverrides ?? undefined);
    return context.gate(() => execution.traceCall(call, at, traced, overrides, block));
  },
);
