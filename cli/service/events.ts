import { ndjsonSink } from "../../verifier/events.ts";
import { floatOfBits } from "../demo/float-bits.ts";

type Event = { readonly event: string; readonly [field: string]: unknown };

/** What a service that runs in this process reports: NDJSON for programs, a line each for people. */
export const eventsTo = (
  service: string,
  json: boolean,
  write: (text: string) => unknown = (text) => process.stdout.write(text),
): ((event: Event) => void) =>
  json ? ndjsonSink(service, write) : (event) => write(`${lineOf(event, new Date().toISOString())}\n`);

/** @param time ISO 8601 */
export function lineOf({ event, ...fields }: Event, time: string): string {
  const told = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [fieldOf(name, value)]));
  return [time.slice(11, 19), event.padEnd(14), ...told].join("  ").trimEnd();
}

function fieldOf(name: string, value: unknown): string {
  if (name === "lossBits" && typeof value === "number") return `loss=${floatOfBits(value).toPrecision(5)}`;
  const plain = typeof value === "object" ? JSON.stringify(value, digits) : String(value);
  // What has spaces is a sentence: it needs no name before it to be understood, but an end.
  return /\s/.test(plain) ? `${name}=${JSON.stringify(plain)}` : `${name}=${plain}`;
}

const digits = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
