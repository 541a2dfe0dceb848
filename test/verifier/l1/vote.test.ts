// Who is believed where endpoints say different things.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Answer, Endpoint } from "../../../verifier/l1/endpoints.ts";
import { openVote } from "../../../verifier/l1/vote.ts";

const PATIENCE_MS = 1000;
const shown = "abcde";
const endpoints: readonly Endpoint[] = [...shown].map((name) => ({ shown: name, ask: async () => undefined }));

/** Of so many endpoints, one for each letter: a letter is what it says, "-" that it refuses; those after the last are absent. */
function poll(count: number) {
  const left: string[] = [];
  const vote = openVote(PATIENCE_MS, { count, leaveOut: ({ shown }) => left.push(shown) });
  const ask = (said: string): string => {
    const answers = [...said].map((value, i): Answer<string> => {
      const endpoint = endpoints[i]!;
      return value === "-" ? { endpoint, refusal: new Error("reverted") } : { endpoint, value };
    });
    try {
      const found = vote.alike({ differ: "differ", saidIn: (value) => value }, answers);
      return found.map(({ endpoint }) => endpoint.shown).join("");
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return { ask, left };
}
const DIFFER = "l1-endpoints-disagree";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("all of them, where they say the same, as one alone does", () => {
  expect(poll(1).ask("x")).toBe("a");
  expect(poll(3).ask("xxx")).toBe("abc");
  expect(poll(3).ask("---")).toBe("abc");
});

it("nobody, of two, however long they differ", () => {
  const { ask, left } = poll(2);
  for (let i = 0; i < 3; i++) {
    expect(ask("xy")).toBe(DIFFER);
    expect(ask("x-")).toBe(DIFFER);
    vi.advanceTimersByTime(PATIENCE_MS);
  }
  expect(left).toEqual([]);
});

it("nobody until it has lasted, then more than half, and from then on at once", () => {
  const { ask, left } = poll(3);
  expect(ask("xyy")).toBe(DIFFER);
  vi.advanceTimersByTime(PATIENCE_MS - 1);
  expect([ask("xyy"), left]).toEqual([DIFFER, []]);
  vi.advanceTimersByTime(1);
  expect([ask("xyy"), left]).toEqual(["bc", ["a"]]);
  vi.advanceTimersByTime(100 * PATIENCE_MS);
  expect(ask("-zz")).toBe("bc");
  // Who differs for the first time has its time.
  expect(ask("yyx")).toBe(DIFFER);
});

it("nobody at once, where one that was outvoted has agreed for ten times as long", () => {
  for (const [patiences, agreed, found] of [
    [10, "xxx", "bc"],
    [10.001, "xxx", DIFFER],
    // With more than half of all, that is: neither with itself alone, nor by its silence.
    [10.001, "x", "bc"],
    [100, undefined, "bc"],
  ] as const) {
    const { ask } = poll(3);
    ask("xyy");
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(ask("xyy")).toBe("bc");
    vi.advanceTimersByTime(patiences * PATIENCE_MS);
    if (agreed !== undefined) ask(agreed);
    expect([patiences, agreed, ask("xyy")]).toEqual([patiences, agreed, found]);
  }
});

it("one that was outvoted for forks in short sequence, until it has agreed for long", () => {
  const { ask } = poll(3);
  const fork = () => {
    const said = ask("xyy");
    vi.advanceTimersByTime(PATIENCE_MS / 2);
    ask("xxx");
    return said;
  };
  expect([fork(), fork(), fork()]).toEqual([DIFFER, DIFFER, "bc"]);
  for (let i = 0; i < 20; i++) {
    vi.advanceTimersByTime(PATIENCE_MS / 2);
    ask("xxx");
  }
  expect(fork()).toBe(DIFFER);
});

it("nobody, where one differs now and then, as in forks that pass", () => {
  const { ask, left } = poll(3);
  for (let fork = 0; fork < 5; fork++) {
    for (let i = 0; i < 4; i++) {
      expect(ask("xyy")).toBe(DIFFER);
      vi.advanceTimersByTime(PATIENCE_MS / 5);
    }
    expect(ask("xxx")).toBe("abc");
    vi.advanceTimersByTime(PATIENCE_MS + 1);
  }
  expect(left).toEqual([]);
});

it("not half of them, nor more than half of those that answer", () => {
  for (const [count, said] of [
    [4, "xxyy"],
    [4, "xxyz"],
    [5, "xyxy"],
    [5, "xxy"],
    [3, "xyz"],
  ] as const) {
    const { ask, left } = poll(count);
    expect(ask(said)).toBe(DIFFER);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect([said, ask(said), left]).toEqual([said, DIFFER, []]);
  }
});

it("more than half, whose place among them and whose dissent are whatever they are", () => {
  for (const [count, said, found] of [
    [3, "x-x", "ac"],
    [4, "yxxx", "bcd"],
    [5, "xxyzx", "abe"],
    [5, "xxyx", "abd"],
  ] as const) {
    const { ask } = poll(count);
    ask(said);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(ask(said)).toBe(found);
  }
});
