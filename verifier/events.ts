/** One line of what a service does; amounts as bigint, hashes as hex. */
export type ServiceEvent = { readonly event: string; readonly [field: string]: unknown };

/** Where services report to: the demo's supervisor and operators read it line by line. */
export type EventSink = (event: ServiceEvent) => void;

/** NDJSON on a stream, with the time and the process's id. */
export function ndjsonSink(service: string, write: (line: string) => void): EventSink {
  return (event) => {
    const line = { service, pid: process.pid, time: new Date().toISOString(), ...event };
    write(`${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? value.toString() : value))}\n`);
  };
}
