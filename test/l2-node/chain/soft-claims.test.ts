import { type Hex, keccak256, toHex } from "viem";
import { beforeEach, describe, expect, test } from "vitest";
import type { ClaimedMessage } from "../../../common/message.ts";
import { type SoftClaims, softClaims } from "../../../l2-node/chain/soft-claims.ts";
import { testAddress } from "../../support/transactions.ts";

const W = 300n;
const D = 200n;
/** Claimed at 0, it lasts until then. */
const LIFE = W + D;

let claims: SoftClaims;
beforeEach(() => {
  claims = softClaims({ softWindowSeconds: Number(W), softGraceSeconds: Number(D) });
});

const hash = (name: string | number): Hex => keccak256(toHex(`claim ${name}`));
const claim = (name: string | number, at: bigint, fields: Partial<ClaimedMessage> = {}): void =>
  claims.claimed(
    {
      kind: 3,
      id: keccak256(toHex(`id ${name}`)),
      claimHash: hash(name),
      claimant: testAddress(9),
      resultRoot: hash("root"),
      soft: true,
      consumed: [],
      output: "0x",
      failedSteps: 0,
      ...fields,
    },
    at,
  );
const overturn = (name: string | number, at: bigint): void => claims.overturned(hash(name), at);
const final = (name: string | number, at: bigint): void => claims.final(hash(name), at);
const hasEffect = (name: string | number, now: bigint): boolean => !claims.withoutEffect(now).has(hash(name));

describe("suspension", () => {
  test.each([
    [LIFE - 1n, true],
    [LIFE, true],
    [LIFE + 1n, false],
  ])("a claim of second 0 still open at a head of second %d has effect: %s", (now, expected) => {
    claim("a", 0n);
    expect(hasEffect("a", now)).toBe(expected);
  });

  test.each([
    [LIFE - 1n, true],
    [LIFE, true],
    [LIFE + 1n, false],
  ])("final at second %d, it keeps its soft effect for good: %s", (at, expected) => {
    claim("a", 0n);
    final("a", at);
    expect(hasEffect("a", at)).toBe(expected);
    expect(hasEffect("a", 100n * LIFE)).toBe(expected);
  });

  test("takes each claim at its own time, and says nothing new in between", () => {
    claim("a", 0n);
    claim("hard", 1n, { soft: false });
    claim("b", 2n);
    const first = claims.withoutEffect(LIFE);
    expect([...first]).toEqual([]);
    const second = claims.withoutEffect(LIFE + 1n);
    expect([...second]).toEqual([hash("a")]);
    expect(claims.withoutEffect(LIFE + 2n)).toBe(second);
    expect([...claims.withoutEffect(LIFE + 3n)]).toEqual([hash("a"), hash("b")]);
    expect([...first]).toEqual([]);
  });

  test("does not depend on the heads at which somebody looked", () => {
    const late = softClaims({ softWindowSeconds: Number(W), softGraceSeconds: Number(D) });
    const watched = claims;
    for (const looks of [true, false]) {
      claims = looks ? watched : late;
      for (let at = 0n; at < 3n * LIFE; at += 50n) {
        claim(`${at}`, at);
        if (at >= 450n) final(`${at - 450n}`, at);
        if (at >= 550n && at % 200n === 0n) final(`${at - 550n}`, at);
        if (looks) for (let now = at; now < at + 50n; now += 7n) claims.withoutEffect(now);
      }
    }
    expect(late.withoutEffect(4n * LIFE)).toEqual(watched.withoutEffect(4n * LIFE));
    expect(late.withoutEffect(4n * LIFE).size).toBeGreaterThan(5);
  });
});

/** Eight claims, overturned at these times. */
function overturnEach(times: readonly bigint[]): void {
  for (const i of times.keys()) claim(i, 0n);
  for (const [i, at] of times.entries()) overturn(i, at);
}
const LAST = 400n;
/** Seven at once, and the eighth at LAST. */
const spread = (seconds: bigint): bigint[] => [...Array.from({ length: 7 }, () => LAST - seconds), LAST];

describe("the circuit breaker", () => {
  test.each([
    [W - 1n, true],
    [W, true],
    [W + 1n, false],
  ])("eight overturns spread over %d s trip it: %s", (seconds, expected) => {
    overturnEach(spread(seconds));
    claim("next", LAST + 1n);
    expect(hasEffect("next", LAST + 1n)).toBe(!expected);
  });

  test("seven do not", () => {
    overturnEach(spread(0n).slice(1));
    claim("next", LAST + 1n);
    expect(hasEffect("next", LAST + 1n)).toBe(true);
  });

  test.each([
    [LAST, true],
    [LAST + 1n, false],
    [LAST + W - 1n, false],
    [LAST + W, false],
    [LAST + W + 1n, true],
  ])("tripped at second 400, it lets a claim of second %d act: %s, whenever one looks", (at, expected) => {
    overturnEach(spread(W));
    claim("next", at);
    expect(hasEffect("next", at)).toBe(expected);
    expect(hasEffect("next", at + LIFE)).toBe(expected);
    final("next", at + LIFE);
    expect(hasEffect("next", at + 2n * LIFE)).toBe(expected);
  });

  test("any eight in a row count, and each that follows within W prolongs the pause", () => {
    overturnEach([0n, ...spread(W - 10n), LAST + 10n]);
    claim("between", LAST + W + 10n);
    claim("after", LAST + W + 11n);
    expect([hasEffect("between", LAST + W + 11n), hasEffect("after", LAST + W + 11n)]).toEqual([false, true]);
  });

  test("who claims in the second of another trip is still in the pause of the one before", () => {
    overturnEach([...spread(W - 10n), LAST + 10n]);
    claim("same second", LAST + 10n);
    expect(hasEffect("same second", LAST + 10n)).toBe(false);
  });

  test("a chain of sunk claims counts once", () => {
    claim("model", 0n);
    claim(0, 1n, { consumed: [hash("model")] });
    for (let i = 1; i < 20; i++) claim(i, 1n, { consumed: [hash(i - 1)] });
    overturn("model", 2n);
    for (let i = 0; i < 20; i++) overturn(i, 2n);
    claim("next", 3n);
    expect(hasEffect("next", 3n)).toBe(true);
    // With seven more it does.
    for (let i = 20; i < 27; i++) claim(i, 2n);
    for (let i = 20; i < 27; i++) overturn(i, 4n);
    claim("paused", 5n);
    expect(hasEffect("paused", 5n)).toBe(false);
  });

  test("claims without effect do not count: hard, suspended, paused, of an overturned id, on what has none", () => {
    const at = LIFE + 1n;
    claim("hard model", 0n, { soft: false });
    for (let i = 0; i < 8; i++) {
      claim(`hard ${i}`, 0n, { soft: false });
      claim(`old ${i}`, 0n);
      claim(`consumer ${i}`, 2n, { consumed: [hash("hard model")] });
      claim(`of old ${i}`, 2n, { consumed: [hash(`old ${i}`)] });
    }
    claim("lie", 2n);
    overturn("lie", 2n);
    const id = keccak256(toHex("id lie"));
    for (let i = 0; i < 8; i++) claim(`again ${i}`, 2n, { id });
    // Too late for those who rest on it: they had no effect when they were claimed.
    final("hard model", 3n);
    for (const name of ["hard", "old", "consumer", "of old", "again"])
      for (let i = 0; i < 8; i++) overturn(`${name} ${i}`, at);
    claim("next", at + 1n);
    expect(hasEffect("next", at + 1n)).toBe(true);
  });

  test("lies told in a pause do not prolong it", () => {
    overturnEach(spread(W));
    for (let i = 100; i < 108; i++) claim(i, LAST + 1n);
    for (let i = 100; i < 108; i++) overturn(i, LAST + W);
    claim("next", LAST + W + 1n);
    expect(hasEffect("next", LAST + W + 1n)).toBe(true);
  });

  test("what consumed a final claim counts like any other", () => {
    claim("model", 0n, { soft: false });
    final("model", 1n);
    for (let i = 0; i < 8; i++) claim(i, 2n, { consumed: [hash("model")] });
    for (let i = 0; i < 8; i++) overturn(i, 3n);
    claim("next", 4n);
    expect(hasEffect("next", 4n)).toBe(false);
  });
});
