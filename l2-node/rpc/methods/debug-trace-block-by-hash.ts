import { z } from "zod";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";
import { traceBlock } from "../trace-block.ts";
import { traceOptions } from "../trace-options.ts";

export const debugTraceBlockByHash = method(
  z.tuple([hash, traceOptions.meta({ title: "options" }).optional()]),
  (context, [blockHash, options]) => traceBlock(context, { hash: blockHash }, options),
);
