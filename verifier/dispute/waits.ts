import type { Runtime, Session } from "../runtime/runtime.ts";

/** Whether a turn computes, or waits for what others serve. */
export type Waits = {
  /** It waits, and computes nothing beside. */
  readonly isWaiting: () => boolean;
  /** Seconds of that so far. */
  readonly seconds: () => number;
  /** Seconds of computing so far. */
  readonly computedSeconds: () => number;
  /** `source`, whose answers are waited for until the turn's signal is aborted: then its reason is thrown. */
  readonly serving: <T extends object>(source: T) => T;
  readonly computing: (runtime: Runtime) => Runtime;
};

type Act = () => Promise<unknown>;

export function openWaits(signal: AbortSignal, now: () => number = () => performance.now()): Waits {
  const active = { waits: 0, computes: 0 };
  const ms = { waits: 0, computes: 0 };
  let since = 0;
  const isWaiting = () => active.waits > 0 && active.computes === 0;
  const msOf = (what: keyof typeof ms): number => {
    const isOn = what === "computes" ? active.computes > 0 : isWaiting();
    return ms[what] + (isOn ? now() - since : 0);
  };
  const change = (what: keyof typeof active, by: number): void => {
    Object.assign(ms, { waits: msOf("waits"), computes: msOf("computes") });
    active[what] += by;
    since = now();
  };
  const counted = (what: keyof typeof active) => async (act: Act) => {
    change(what, 1);
    try {
      return await act();
    } finally {
      change(what, -1);
    }
  };
  const [wait, compute] = [counted("waits"), counted("computes")];
  return {
    isWaiting,
    seconds: () => msOf("waits") / 1000,
    computedSeconds: () => msOf("computes") / 1000,
    serving: (source) => around(source, (act) => wait(() => unlessAborted(signal, act))),
    computing: ({ name, open }) => ({
      name,
      open: async (graph) => around<Session>(await open(graph), compute),
    }),
  };
}

/** `source`, each of whose functions is called by `through`. */
const around = <T extends object>(source: T, through: (act: Act) => Promise<unknown>): T =>
  Object.fromEntries(
    Object.entries(source).map(([name, act]) => [name, (...args: unknown[]) => through(() => act(...args))]),
  ) as T;

/** Whoever serves may be deaf to the signal. */
async function unlessAborted(signal: AbortSignal, act: Act): Promise<unknown> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([act(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
