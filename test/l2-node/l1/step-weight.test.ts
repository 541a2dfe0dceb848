import { expect, test } from "vitest";
import type { AnchoredLog } from "../../../l2-node/l1/read.ts";
import type { L1Message } from "../../../l2-node/l1/step.ts";
import { lastWithin } from "../../../l2-node/l1/step-weight.ts";

/** 10 bytes each. */
const messages = [5n, 5n, 7n, 9n].map((l1Block) => ({ l1Block, body: `0x${"00".repeat(9)}` }) as unknown as L1Message);
const batches = [6n, 7n].map((blockNumber) => ({ blockNumber }) as AnchoredLog);
const BATCH = 128 * 1024;

test.each([
  [0, 5n],
  [19, 5n],
  [20, 5n],
  [20 + BATCH - 1, 5n],
  [20 + BATCH, 6n],
  [30 + 2 * BATCH - 1, 6n],
  [30 + 2 * BATCH, 7n],
  [40 + 2 * BATCH - 1, 7n],
  [40 + 2 * BATCH, 12n],
])("%i bytes reach to L1 block %i", (maxBytes, last) => {
  expect(lastWithin(maxBytes, messages, batches, 12n)).toBe(last);
});

test("where there is nothing, or a single L1 block has all, it is the end", () => {
  expect(lastWithin(1, [], [], 12n)).toBe(12n);
  expect(lastWithin(1, messages.slice(0, 2), [], 12n)).toBe(12n);
});
