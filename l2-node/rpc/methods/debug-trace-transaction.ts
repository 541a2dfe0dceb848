import { z } from "zod";
import { RpcError } from "../errors.ts";
import { executionOf, method } from "../method.ts";
import { hash } from "../schemas.ts";
import { toTraceOptions, traceOptions } from "../trace-options.ts";

/** A transaction that waited is traced where it resumed. */
export const debugTraceTransaction = method(
  z.tuple([hash, traceOptions.meta({ title: "options" }).optional()]),
  async (context, [transactionHash, params]) => {
    const options = toTraceOptions(params);
    const execution = executionOf(context);
    const receipt = await execution.receipt(transactionHash);
    if (!receipt) {
      const status = await execution.status(transactionHash);
      const why =
        status?.state === "parked" ? `it is not executed yet: it waits for ${status.id}` : "transaction not found";
      throw new RpcError("server", why);
    }
    const [trace] = await context.gate(() => execution.traceBlock(receipt.blockNumber, options, transactionHash));
    if (!trace) throw new RpcError("server", "transaction not found");
    return trace.result;
  },
);
