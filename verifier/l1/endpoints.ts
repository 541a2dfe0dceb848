import { http } from "viem";
import { L1DataError } from "../../common/l1-errors.ts";
import { shownUrl, troubleOf } from "../../common/trouble.ts";
import type { EventSink } from "../events.ts";
import { doingItsPart, isFault, isOutOfOrder, unreadable } from "./refusals.ts";

/** One L1 node, as it was named. */
export interface Endpoint {
  /** Without credentials. */
  readonly shown: string;
  readonly ask: (method: string, params: readonly unknown[]) => Promise<unknown>;
}

/** What one endpoint said, or how it refused. */
export type Answer<T> =
  | { readonly endpoint: Endpoint; readonly value: T }
  | { readonly endpoint: Endpoint; readonly refusal: unknown };

export interface Endpoints {
  /** How many were named, whether they answer or not. */
  readonly count: number;
  /** Those that are not left alone for having failed; all, if every one has. */
  readonly usable: () => readonly Endpoint[];
  /**
   * Asks these; who does not answer, answers much later than another, or answers what cannot be true, is named and left alone for a
   * while. Throws if all do.
   */
  readonly askAll: <T>(
    ask: (endpoint: Endpoint) => Promise<T>,
    among?: readonly Endpoint[],
  ) => Promise<readonly Answer<T>[]>;
  /** The first that answers with what can be true; where one takes long, the next is asked as well, and the one that was slower left alone. */
  readonly askOne: <T>(ask: (endpoint: Endpoint) => Promise<T>, among?: readonly Endpoint[]) => Promise<T>;
  /**
   * Names an endpoint that cannot be used, and does without it until `look` resolves: after a while it is asked, and again after
   * longer ones, while nobody waits for it.
   */
  readonly leaveOut: (endpoint: Endpoint, error: unknown, look?: () => Promise<unknown>) => void;
}

interface Absence {
  readonly failures: number;
  /** When it is looked at again, or, if it is back, was found well. */
  readonly at: number;
  readonly isBack: boolean;
  /** Resolves if it may come back; without one any answer will do. */
  readonly look: (() => Promise<unknown>) | undefined;
}

/** Time that the others have once the first has answered, in ticks: a process that was busy itself has seen few of them. */
const SLOW_TICKS = 6;
const TICK_MS = 500;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export const openEndpoints = (urls: readonly [string, ...string[]], events: EventSink): Endpoints =>
  gatherEndpoints(urls.map(openEndpoint(urls.length === 1 ? 1 : 0)), events);

export function gatherEndpoints(given: readonly Endpoint[], events: EventSink): Endpoints {
  const all = given.map(doingItsPart);
  const absences = new Map<Endpoint, Absence>();
  const isAbsent = (endpoint: Endpoint): boolean => absences.get(endpoint)?.isBack === false;

  const usable = () => {
    const now = performance.now();
    for (const endpoint of all) if (isAbsent(endpoint) && absences.get(endpoint)!.at <= now) lookAt(endpoint);
    const some = all.filter((endpoint) => !isAbsent(endpoint));
    return some.length > 0 ? some : all;
  };
  const leaveOut = (endpoint: Endpoint, error: unknown, look?: () => Promise<unknown>) => {
    // Nothing takes the place of the only one: what it does is told with what it kept from being done.
    if (all.length === 1 || isAbsent(endpoint)) return;
    const before = absences.get(endpoint);
    const isAnew = before === undefined || performance.now() - before.at > LONGEST_PAUSE_MS;
    pause(endpoint, isAnew ? 1 : before.failures + 1, look);
    const { code = "l1-endpoint", message } = troubleOf(error);
    events({ event: "l1-endpoint-failed", url: endpoint.shown, code, error: message });
  };
  function pause(endpoint: Endpoint, failures: number, look: Absence["look"]): void {
    const at = performance.now() + Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    absences.set(endpoint, { failures, at, isBack: false, look });
  }
  /** Nobody waits for what it answers. */
  function lookAt(endpoint: Endpoint): void {
    const absence = absences.get(endpoint)!;
    const { look = () => endpoint.ask("eth_blockNumber", []), failures } = absence;
    absences.set(endpoint, { ...absence, at: Number.POSITIVE_INFINITY });
    look().then(
      () => takeBack(endpoint),
      () => pause(endpoint, failures + 1, absence.look),
    );
  }
  function takeBack(endpoint: Endpoint): void {
    if (!isAbsent(endpoint)) return;
    absences.set(endpoint, { ...absences.get(endpoint)!, at: performance.now(), isBack: true });
    events({ event: "l1-endpoint-back", url: endpoint.shown });
  }
  async function answerOf<T>(endpoint: Endpoint, ask: (endpoint: Endpoint) => Promise<T>): Promise<Answer<T>> {
    try {
      const value = await ask(endpoint);
      // Otherwise it comes back when it is looked at: it may answer this, and refuse what it was left out for.
      if (all.every(isAbsent) && absences.get(endpoint)!.look === undefined) takeBack(endpoint);
      return { endpoint, value };
    } catch (error) {
      const refusal = isFault(error) ? unreadable(endpoint, error) : error;
      if (isOutOfOrder(refusal)) leaveOut(endpoint, refusal);
      return { endpoint, refusal };
    }
  }
  const isAnswer = <T>(answer: Answer<T>): boolean => !("refusal" in answer) || !isOutOfOrder(answer.refusal);

  /** What they answer until all have, or some take too long behind the first. */
  function inTime<T>(among: readonly Endpoint[], ask: (endpoint: Endpoint) => Promise<T>): Promise<Answer<T>[]> {
    const { promise, resolve } = Promise.withResolvers<Answer<T>[]>();
    const done = new Map<Endpoint, Answer<T>>();
    let clock: NodeJS.Timeout | undefined;
    let ticks = 0;
    const finish = () => {
      clearInterval(clock);
      resolve(among.flatMap((endpoint) => done.get(endpoint) ?? []));
    };
    const tick = () => {
      if (++ticks < SLOW_TICKS) return;
      for (const endpoint of among) if (!done.has(endpoint)) leaveOut(endpoint, slow(endpoint));
      finish();
    };
    for (const endpoint of among)
      answerOf(endpoint, ask).then((answer) => {
        done.set(endpoint, answer);
        if (done.size === among.length) finish();
        else if (isAnswer(answer)) clock ??= setInterval(tick, TICK_MS);
      });
    return promise;
  }

  /** Asks one after the other, the next where one fails or takes too long: whichever answers first is heard. */
  function oneInTime<T>(among: readonly Endpoint[], ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiting = [...among];
    const asked = new Set<Endpoint>();
    let failure: { readonly refusal: unknown } | undefined;
    let clock: NodeJS.Timeout | undefined;
    const next = (): void => {
      clearInterval(clock);
      const endpoint = waiting.shift();
      if (endpoint === undefined) return;
      asked.add(endpoint);
      let ticks = 0;
      if (waiting.length > 0) clock = setInterval(() => ++ticks === SLOW_TICKS && next(), TICK_MS);
      answerOf(endpoint, ask).then((answer) => hear(endpoint, answer));
    };
    const hear = (endpoint: Endpoint, answer: Answer<T>): void => {
      const before = [...asked].slice(0, [...asked].indexOf(endpoint));
      asked.delete(endpoint);
      if ("refusal" in answer && isOutOfOrder(answer.refusal)) {
        failure ??= answer;
        if (waiting.length > 0) next();
        else if (asked.size === 0) reject(failure.refusal);
        return;
      }
      clearInterval(clock);
      waiting.length = 0;
      asked.clear();
      for (const other of before) leaveOut(other, slow(other));
      if ("value" in answer) resolve(answer.value);
      else reject(answer.refusal);
    };
    next();
    return promise;
  }

  return {
    count: all.length,
    usable,
    leaveOut,
    askAll: async (ask, among = usable()) => {
      const answers = await inTime(among, ask);
      const said = answers.filter(isAnswer);
      if (said.length === 0) throw (answers[0] as { readonly refusal: unknown }).refusal;
      return said;
    },
    askOne: (ask, among = usable()) => oneInTime(among, ask),
  };
}

const openEndpoint =
  (retryCount: number) =>
  (url: string): Endpoint => {
    const { request } = http(url, { batch: true, retryCount })({});
    return { shown: shownUrl(url), ask: (method, params) => request({ method, params }) };
  };

const slow = ({ shown }: Endpoint): L1DataError =>
  new L1DataError(
    "l1-endpoint-slow",
    `${shown} takes ${(SLOW_TICKS * TICK_MS) / 1000} s longer to answer than another`,
  );
