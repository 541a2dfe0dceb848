/** How the story is told: as NDJSON for programs, as lines and bars for people. */
export interface Teller {
  /** Something happened: one line, or one NDJSON event. People are spared what has no text. */
  tell(event: string, fields: Readonly<Record<string, unknown>>, text: string | null): void;
  /** How far something long is; `share` from 0 to 1. Only people see it. */
  progress(label: string, share: number, note: string): void;
  /** The last word. */
  finish(summary: Readonly<Record<string, unknown>>, table: string): void;
}

/** bigints as numbers where they fit, else as decimal strings: JSON knows neither. */
export const toPlain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, inner) =>
      typeof inner === "bigint" ? (inner <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(inner) : inner.toString()) : inner,
    ),
  );

export function jsonTeller(write: (line: string) => void): Teller {
  const line = (fields: Readonly<Record<string, unknown>>) => write(`${JSON.stringify(toPlain(fields))}\n`);
  return {
    tell: (event, fields) => line({ event, ...fields }),
    progress: () => {},
    finish: (summary) => line(summary),
  };
}

const BAR_CELLS = 24;

export function textTeller(options: {
  readonly write: (text: string) => void;
  readonly isTty: boolean;
  readonly nowMs: () => number;
}): Teller {
  const startMs = options.nowMs();
  let barShown = false;
  let lastTenth = "";
  const clear = () => {
    if (barShown) options.write("\r\u001b[2K");
    barShown = false;
  };
  return {
    tell(_event, _fields, text) {
      if (text === null) return;
      clear();
      options.write(`${((options.nowMs() - startMs) / 1000).toFixed(1).padStart(6)}s  ${text}\n`);
    },
    progress(label, share, note) {
      const done = Math.min(1, Math.max(0, share));
      if (options.isTty) {
        const filled = Math.round(done * BAR_CELLS);
        options.write(`\r\u001b[2K         ${label} ${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)} ${note}`);
        barShown = true;
        return;
      }
      // Without a terminal a bar is noise: one plain line per tenth.
      const tenth = `${label} ${Math.floor(done * 10)}`;
      if (tenth === lastTenth) return;
      lastTenth = tenth;
      options.write(`         ${label} ${Math.floor(done * 100)} % ${note}\n`);
    },
    finish(_summary, table) {
      clear();
      options.write(`\n${table}\n`);
    },
  };
}
