import { z } from "zod";
import { method } from "../method.ts";
import { blockNumber } from "../schemas.ts";
import { traceBlock } from "../trace-block.ts";
import { traceOptions } from "../trace-options.ts";

export const debugTraceBlockByNumber = method(
  z.tuple([blockNumber, traceOptions.meta({ title: "options" }).optional()]),
  (context, [ref, options]) => traceBlock(context, ref, options),
);
