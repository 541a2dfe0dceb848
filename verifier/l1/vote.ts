import { L1DataError } from "../../common/l1-errors.ts";
import type { Answer, Endpoint, Endpoints } from "./endpoints.ts";

export interface Vote {
  /**
   * The answers that all give alike. Where some differ from what more than half of all endpoints say, and have done so for long, those
   * are left out, and the others' is the answer. Throws `L1DataError` where neither is so.
   */
  readonly alike: <T>(question: Question<T>, answers: readonly Answer<T>[]) => readonly Answer<T>[];
}

/** Refusals are worded by whose software it is. */
const groupsOf = <T>({ saidIn }: Pick<Question<T>, "saidIn">, answers: readonly Answer<T>[]) =>
  Map.groupBy(answers, (answer) => ("refusal" in answer ? "refused" : saidIn(answer.value)));

export const isAlike = <T>(question: Pick<Question<T>, "saidIn">, answers: readonly Answer<T>[]): boolean =>
  groupsOf(question, answers).size === 1;

export interface Question<T> {
  /** Goes on after "A and B": "have different L1 blocks 7". */
  readonly differ: string;
  /** The same for answers that mean the same. */
  readonly saidIn: (value: T) => string;
  /** Whether one that was left out may come back: resolves if so. Without it, it comes back when it answers anything. */
  readonly look?: (endpoint: Endpoint) => Promise<unknown>;
}

interface Dissent {
  readonly since: number;
  readonly last: number;
  readonly isOutvoted: boolean;
}

/** Patiences without a dissent. */
const FORGIVEN_AFTER = 10;

/**
 * `patienceMs`: a fork of L1, or a block that comes while it is asked for, passes in less. Until then nobody is outvoted, whatever the
 * others say: they may lie alike. Who has been outvoted is so at once when it differs again, until it has agreed for ten times as long,
 * as one does that was on several forks; none of two can be.
 */
export function openVote(patienceMs: number, endpoints: Pick<Endpoints, "count" | "leaveOut">): Vote {
  const dissents = new Map<Endpoint, Dissent>();

  /** A fork now and then is none that lasts. */
  function dissentOf(endpoint: Endpoint): Dissent {
    const now = performance.now();
    const before = dissents.get(endpoint);
    const isAnew = before === undefined || (!before.isOutvoted && now - before.last > patienceMs);
    return isAnew ? { since: now, last: now, isOutvoted: false } : { ...before, last: now };
  }

  /** A liar that waits for it is harmless for most of the time. */
  function forgive(alike: readonly Answer<unknown>[]): void {
    if (2 * alike.length <= endpoints.count) return;
    const lately = performance.now() - FORGIVEN_AFTER * patienceMs;
    for (const { endpoint } of alike) if ((dissents.get(endpoint)?.last ?? lately) < lately) dissents.delete(endpoint);
  }

  return {
    alike: (question, answers) => {
      const { differ, look } = question;
      const groups = [...groupsOf(question, answers)];
      if (groups.length === 1) {
        forgive(answers);
        return answers;
      }
      const [first, second] = groups.toSorted(([, a], [, b]) => b.length - a.length);
      const [, most] = first!;
      const others = answers.filter((answer) => !most.includes(answer));
      const error = disagreement(differ, first!, second!);
      if (2 * most.length <= endpoints.count) throw error;
      for (const { endpoint } of others) dissents.set(endpoint, dissentOf(endpoint));
      const hasLasted = ({ endpoint }: Answer<unknown>): boolean => {
        const { since, last, isOutvoted } = dissents.get(endpoint)!;
        return isOutvoted || last - since >= patienceMs;
      };
      if (!others.every(hasLasted)) throw error;
      for (const { endpoint } of others) {
        dissents.set(endpoint, { ...dissents.get(endpoint)!, isOutvoted: true });
        const told = `${endpoint.shown} and more than half of the endpoints ${differ}`;
        endpoints.leaveOut(endpoint, new L1DataError("l1-outvoted", told), look && (() => look(endpoint)));
      }
      return most;
    },
  };
}

type Group = readonly [said: string, by: readonly Answer<unknown>[]];

const disagreement = (differ: string, [expected, [a]]: Group, [actual, [b]]: Group): L1DataError =>
  new L1DataError("l1-endpoints-disagree", `${a!.endpoint.shown} and ${b!.endpoint.shown} ${differ}`, {
    expected,
    actual,
    hint: "one of them is on a fork, which passes, or lies, which does not: nothing is done on what they disagree about",
  });
