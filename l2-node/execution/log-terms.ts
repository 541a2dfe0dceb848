import type { LogFilter, LogRecord } from "./execution.ts";

/** Every block with logs has it. */
const ANY = "";

/** What a log is found by: its address, and its topics with their places. */
export const logTerms = ({ address, topics }: Pick<LogRecord, "address" | "topics">): string[] => [
  ANY,
  address,
  ...topics.map((topic, place) => `${place}:${topic}`),
];

/** One list per condition, each met by any of its terms; at least one. Addresses and topics in lower case. */
export function wantedTerms({ addresses = [], topics = [] }: Pick<LogFilter, "addresses" | "topics">): string[][] {
  const byTopic = topics.map((wanted, place) => [wanted ?? []].flat().map((topic) => `${place}:${topic}`));
  const groups = [[...addresses], ...byTopic].filter((terms) => terms.length > 0);
  return groups.length > 0 ? groups : [[ANY]];
}
