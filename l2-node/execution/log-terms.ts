import type { LogFilter, LogRecord, Receipt } from "./execution.ts";

/** Every block with logs has it. */
const ANY = "";

/** What a log is found by: its address, and its topics with their places. */
const logTerms = ({ address, topics }: Pick<LogRecord, "address" | "topics">): string[] => [
  ANY,
  address,
  ...topics.map((topic, place) => `${place}:${topic}`),
];

/** Positions of a block's receipts by the terms of their logs: 32-bit words, ascending. */
export function logPlaces(receipts: readonly Receipt[]): Map<string, Uint8Array> {
  const places = new Map<string, Set<number>>();
  for (const { transactionIndex, logs } of receipts)
    for (const term of logs.flatMap(logTerms)) {
      const known = places.get(term);
      if (known) known.add(transactionIndex);
      else places.set(term, new Set([transactionIndex]));
    }
  return new Map([...places].map(([term, positions]) => [term, new Uint8Array(Uint32Array.from(positions).buffer)]));
}

/** The positions in any of the rows. */
export const positionsOf = (rows: readonly { readonly positions: Uint8Array }[]): Set<number> =>
  new Set(rows.flatMap(({ positions }) => [...new Uint32Array(new Uint8Array(positions).buffer)]));

/** One list per condition, each met by any of its terms; at least one. Addresses and topics in lower case. */
export function wantedTerms({ addresses = [], topics = [] }: Pick<LogFilter, "addresses" | "topics">): string[][] {
  const byTopic = topics.map((wanted, place) => [wanted ?? []].flat().map((topic) => `${place}:${topic}`));
  const groups = [[...addresses], ...byTopic].filter((terms) => terms.length > 0);
  return groups.length > 0 ? groups : [[ANY]];
}
