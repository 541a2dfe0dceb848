import { expect, test } from "vitest";
import { AnhError } from "../../common/errors.ts";
import { WrongL1Error } from "../../common/l1-errors.ts";
import type { ServiceEvent } from "../../verifier/events.ts";
import { pauseMs, startRounds } from "../../verifier/service.ts";

test("pauses after failures double, up to sixteen", () => {
  expect([0, 1, 2, 3, 4, 5, 2000].map((failures) => pauseMs(10, failures))).toEqual([10, 20, 40, 80, 160, 160, 160]);
});

test("a round that fails is told with its hint, and others follow, later than they would", async () => {
  const events: ServiceEvent[] = [];
  const { promise: seventh, resolve } = Promise.withResolvers<number>();
  const begin = performance.now();
  let rounds = 0;
  const round = async () => {
    rounds += 1;
    if (rounds === 7) resolve(performance.now() - begin);
    if (rounds <= 6) throw new AnhError("endpoint", "no answer", { hint: "is it up?" });
  };
  const { stop } = startRounds(5, round, (event) => events.push(event));
  // No less than 2 + 4 + 8 + 3 × 16 pauses of 5 ms, on however slow a machine; without doubling it may be 30 ms.
  expect(await seventh).toBeGreaterThan(300);
  await stop();
  expect(events).toEqual(Array(6).fill({ event: "round-failed", error: "no answer", hint: "is it up?" }));
});

test("what no waiting cures ends the rounds", async () => {
  const { failed, stop } = startRounds(
    1,
    async () => {
      throw new WrongL1Error("wrong-l1", "another one");
    },
    () => {},
  );
  await expect(failed).rejects.toThrow("another one");
  await stop();
});
