import { isInteractive, type Screen } from "./terminal.ts";

const EVERY_MS = { line: 1_000, plain: 20_000 } as const;

const NEWLINE = 0x0a;

export interface Waiting {
  /** Something else is about to be shown: no sign of life is needed for a while, and none amid an unfinished line. */
  heard(chunk: Uint8Array): void;
  /** Since the wait began. */
  seconds(): number;
  /** Ends the line. */
  stop(): void;
}

/**
 * Says that something long goes on, and for how many seconds: on a terminal in one line that is rewritten, elsewhere as a
 * plain line now and then, and only after as long a silence.
 */
export function wait(
  what: string,
  screen: Screen & { write(text: string): unknown } = process.stderr,
  nowMs: () => number = () => performance.now(),
): Waiting {
  const inPlace = isInteractive(screen);
  const startMs = nowMs();
  let heardMs = startMs;
  let shown = false;
  let midLine = false;
  const seconds = () => Math.round((nowMs() - startMs) / 1000);
  const clear = () => {
    if (shown) screen.write("\r\u001b[2K");
    shown = false;
  };
  const timer = setInterval(() => {
    if (midLine || nowMs() - heardMs < (inPlace ? EVERY_MS.line : EVERY_MS.plain)) return;
    clear();
    screen.write(`${inPlace ? "" : "anh: "}${what} … ${seconds()} s${inPlace ? "" : "\n"}`);
    shown = inPlace;
    if (!inPlace) heardMs = nowMs();
  }, EVERY_MS.line);
  // Waiting alone keeps no process alive.
  timer.unref();
  return {
    heard: (chunk) => {
      clear();
      heardMs = nowMs();
      midLine = chunk.at(-1) !== NEWLINE;
    },
    seconds,
    stop: () => {
      clearInterval(timer);
      clear();
    },
  };
}
