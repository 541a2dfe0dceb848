import { describe, expect, it } from "vitest";
import { byUrgency, sureUntil, type Urgent } from "../../../verifier/dispute/urgency.ts";

const NEVER = 2n ** 64n - 1n;
const NOW = 1000n;

type Named = Urgent & { readonly name: string };
const claim = (name: string, until: bigint, more: Partial<Urgent> = {}): Named => ({
  name,
  until,
  isOpen: true,
  isSoft: false,
  vainSeconds: 0,
  workSeconds: 0,
  ...more,
});
const soft = { isSoft: true };
const closed = { isOpen: false };

const order = (...claims: Named[]) => byUrgency(claims, NOW).map(({ name }) => name);

describe("what a challenger looks at first", () => {
  it.each<[string, Named[], string[]]>([
    ["nothing", [], []],
    ["one", [claim("a", 5n)], ["a"]],
    [
      "the nearest end",
      [claim("late", 3000n), claim("soon", 1001n), claim("between", 2000n)],
      ["soon", "between", "late"],
    ],
    ["of equal ends the soft ones", [claim("a", 2000n), claim("b", 2000n, soft), claim("c", 2000n)], ["b", "a", "c"]],
    ["a nearer end before a soft one", [claim("soft", 2001n, soft), claim("near", 2000n)], ["near", "soft"]],
    ["of equals the older", [claim("a", 2000n), claim("b", 2000n), claim("c", 2000n)], ["a", "b", "c"]],
    ["a window in its last second before all others", [claim("next", 1001n), claim("last", 1000n)], ["last", "next"]],
    ["what is over after what is not", [claim("over", 999n), claim("far", NEVER)], ["far", "over"]],
    [
      "of what is over the soft ones, then the older",
      [claim("a", 5n), claim("b", 999n), claim("c", 7n, soft)],
      ["c", "a", "b"],
    ],
    [
      "a window that an answer extended by its new end",
      [claim("extended", 1030n), claim("a", 1029n), claim("b", 1031n)],
      ["a", "extended", "b"],
    ],
    [
      "a question that is not answered after all ends",
      [claim("asked", NEVER), claim("a", 9000n), claim("over", 1n)],
      ["a", "asked", "over"],
    ],
    [
      "what was waited for in vain as if it ended later by twice that: slow claimants take no near turn, and are not put off for days",
      [
        claim("slow", 1001n, { vainSeconds: 120.9, ...soft }),
        claim("slower", 1000n, { vainSeconds: 180 }),
        claim("new", 1240n),
        claim("far", 9000n),
      ],
      ["new", "slow", "slower", "far"],
    ],
    [
      "what can be checked in the second of its end before what cannot",
      [claim("long", 1060n, { workSeconds: 60.5 }), claim("fits", 1061n, { workSeconds: 61 }), claim("unknown", 2000n)],
      ["fits", "unknown", "long"],
    ],
    [
      "however many long ones end before it, what is in reach, even after a look in vain",
      [
        claim("long", 1100n, { workSeconds: 1000 }),
        claim("longer", 1050n, { workSeconds: 2000, ...soft }),
        claim("short", 1200n, { workSeconds: 1, vainSeconds: 60 }),
      ],
      ["short", "longer", "long"],
    ],
    [
      "what is beyond reach before what is over",
      [claim("over", 999n), claim("long", 1000n, { workSeconds: 1 })],
      ["long", "over"],
    ],
    [
      "closed ones last, in their order",
      [claim("won", NEVER, closed), claim("lost", 1001n, closed), claim("over", 1n)],
      ["over", "won", "lost"],
    ],
  ])("%s", (_, claims, expected) => {
    expect(order(...claims)).toEqual(expected);
  });

  it("leaves the list it is given as it was", () => {
    const claims = [claim("late", 3000n), claim("soon", 1001n)];
    byUrgency(claims, NOW);
    expect(claims.map(({ name }) => name)).toEqual(["late", "soon"]);
  });
});

describe("a claim can be challenged for sure", () => {
  const clocked = { windowEnd: 2000n, challengeableUntil: 2000n, nowSeconds: NOW, challengerSeconds: 30n };
  it.each<[string, Partial<typeof clocked>, bigint]>([
    ["to the end of its window", {}, 2000n],
    [
      "no longer for a question that waits within it: its claimant may have asked itself",
      { challengeableUntil: 9000n },
      2000n,
    ],
    [
      "as long as after an answer, where the window ends before",
      { windowEnd: 1029n, challengeableUntil: 9000n },
      1030n,
    ],
    [
      "in the window's last second, and behind it, while a question waits",
      { windowEnd: 999n, challengeableUntil: 9000n },
      1030n,
    ],
    ["for what is left after an answer", { windowEnd: 999n, challengeableUntil: 1012n }, 1012n],
    ["no more, once all is over", { windowEnd: 900n, challengeableUntil: 930n }, 930n],
  ])("%s", (_, more, until) => {
    expect(sureUntil({ ...clocked, ...more })).toBe(until);
  });
});
