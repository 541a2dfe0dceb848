import { z } from "zod";
import type { TraceOptions } from "../execution/trace/tracer.ts";
import { RpcError } from "./errors.ts";

const tracerConfig = z.object({
  onlyTopCall: z.boolean().nullish(),
  withLog: z.boolean().nullish(),
  diffMode: z.boolean().nullish(),
  disableCode: z.boolean().nullish(),
  disableStorage: z.boolean().nullish(),
});

/** go-ethereum's names. `timeout` and `reexec` mean nothing here: time is the request's, and the state of each block is kept. */
export const traceOptions = z.object({
  tracer: z.string().max(10_000).nullish(),
  tracerConfig: tracerConfig.nullish(),
  disableStack: z.boolean().nullish(),
  enableMemory: z.boolean().nullish(),
  disableStorage: z.boolean().nullish(),
  enableReturnData: z.boolean().nullish(),
  limit: z.int().nonnegative().nullish(),
});

export function toTraceOptions(params: z.output<typeof traceOptions> = {}): TraceOptions {
  const config = params.tracerConfig ?? {};
  switch (params.tracer ?? "") {
    case "":
      return {
        kind: "structLogs",
        disableStack: params.disableStack ?? false,
        enableMemory: params.enableMemory ?? false,
        disableStorage: params.disableStorage ?? false,
        enableReturnData: params.enableReturnData ?? false,
        limit: params.limit ?? 0,
      };
    case "callTracer":
      return { kind: "callTracer", onlyTopCall: config.onlyTopCall ?? false, withLog: config.withLog ?? false };
    case "prestateTracer":
      return {
        kind: "prestateTracer",
        diffMode: config.diffMode ?? false,
        disableCode: config.disableCode ?? false,
        disableStorage: config.disableStorage ?? false,
      };
    default:
      throw new RpcError(
        "unsupported",
        `no tracer ${params.tracer?.slice(0, 40)}: there are callTracer, prestateTracer, and struct logs where none is named`,
      );
  }
}
