import { z } from "zod";
import { findLogs, logFilter } from "../log-filter.ts";
import { method } from "../method.ts";

export const ethGetLogs = method(z.tuple([logFilter.meta({ title: "filter" })]), (context, [params]) =>
  findLogs(context, params),
);
