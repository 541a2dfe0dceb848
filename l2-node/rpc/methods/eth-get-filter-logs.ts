import { z } from "zod";
import { findLogs } from "../log-filter.ts";
import { method } from "../method.ts";
import { id } from "../schemas.ts";

/** All logs a log filter selects, as eth_getLogs would. */
export const ethGetFilterLogs = method(z.tuple([id]), (context, [filterId]) =>
  findLogs(context, context.filters.criteria(filterId)),
);
