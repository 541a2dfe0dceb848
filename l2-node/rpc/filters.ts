import { randomBytes } from "node:crypto";
import type { Hex } from "viem";
import { hexOf } from "../../common/bytes.ts";
import { RpcError } from "./errors.ts";
import type { LogFilterParams } from "./log-filter.ts";

export interface FilterOptions {
  /** A filter nobody asks for so long is forgotten. */
  readonly idleMs: number;
  readonly maxFilters: number;
  /** Changes kept between two questions; with more, the filter is forgotten. */
  readonly maxChanges: number;
}

interface Filter {
  changes: unknown[];
  /** Of log filters. */
  readonly criteria: LogFilterParams | undefined;
  askedAtMs: number;
  overflown: boolean;
  stop: () => void;
}

export interface Filters {
  /** `start` is given what to call with each change, and returns how to stop. */
  install(start: (collect: (change: unknown) => void) => () => void, criteria?: LogFilterParams): Hex;
  /** Changes since the last question. Throws for unknown filters. */
  changes(id: Hex): unknown[];
  /** What a log filter selects. */
  criteria(id: Hex): LogFilterParams;
  uninstall(id: Hex): boolean;
  close(): void;
}

/** An id nobody can guess: a filter belongs to whoever knows its id. */
export const newId = (): Hex => hexOf(randomBytes(16));

/** Collects changes for callers who come back for them. */
export function openFilters({ idleMs, maxFilters, maxChanges }: FilterOptions): Filters {
  const filters = new Map<Hex, Filter>();

  const uninstall = (id: Hex): boolean => {
    filters.get(id)?.stop();
    return filters.delete(id);
  };
  const sweep = () => {
    const now = performance.now();
    for (const [id, { askedAtMs }] of filters) if (now - askedAtMs > idleMs) uninstall(id);
  };
  const timer = setInterval(sweep, Math.max(idleMs / 4, 10)).unref();

  const asked = (id: Hex): Filter => {
    const filter = filters.get(id);
    if (!filter) throw new RpcError("server", "filter not found");
    filter.askedAtMs = performance.now();
    if (!filter.overflown) return filter;
    uninstall(id);
    throw new RpcError("limitExceeded", `filter not found: it held more than ${maxChanges} changes; ask more often`);
  };

  return {
    install(start, criteria) {
      sweep();
      if (filters.size >= maxFilters) throw new RpcError("limitExceeded", `no more than ${maxFilters} filters at once`);
      const filter: Filter = { changes: [], criteria, askedAtMs: performance.now(), overflown: false, stop: () => {} };
      filter.stop = start((change) => {
        if (filter.changes.push(change) <= maxChanges) return;
        filter.overflown = true;
        filter.changes = [];
        filter.stop();
      });
      const id = newId();
      filters.set(id, filter);
      return id;
    },
    changes(id) {
      const filter = asked(id);
      const { changes } = filter;
      filter.changes = [];
      return changes;
    },
    criteria(id) {
      const { criteria } = asked(id);
      if (!criteria) throw new RpcError("server", "filter not found: this one is not about logs");
      return criteria;
    },
    uninstall,
    close() {
      clearInterval(timer);
      for (const id of filters.keys()) uninstall(id);
    },
  };
}
