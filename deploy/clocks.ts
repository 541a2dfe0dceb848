import type { Clocks } from "../common/clocks.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** P10, first column. */
export const mainnetClocks: Clocks = {
  l1BlockMs: 12_000,
  l2BlockMs: 1_000,
  seedDelayBlocks: 64,
  minWindowSeconds: HOUR,
  defaultWindowSeconds: DAY,
  stateWindowSeconds: 7 * DAY,
  answerSeconds: DAY,
  challengerSeconds: DAY,
  airgapSeconds: 3.5 * DAY,
  inclusionWindowSeconds: 12 * HOUR,
  reserveSeconds: DAY,
  softWindowSeconds: DAY,
  softGraceSeconds: 3 * DAY,
  parkGas: 50_000,
  l2BlockGasLimit: 60_000_000,
};

/** P10, second column: an L1 of our own, quick enough to watch. */
export const devnetClocks: Clocks = {
  ...mainnetClocks,
  l1BlockMs: 250,
  minWindowSeconds: 60,
  defaultWindowSeconds: 60,
  stateWindowSeconds: 20,
  answerSeconds: 30,
  challengerSeconds: 30,
  airgapSeconds: 5,
  inclusionWindowSeconds: 600,
  reserveSeconds: 600,
  softWindowSeconds: 300,
  softGraceSeconds: 300,
};
