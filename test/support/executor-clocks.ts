/** The chain's times, as executors are tested with. */
export const executorClocks = {
  l1BlockMs: 250n,
  minWindowSeconds: 60n,
  answerSeconds: 30n,
  seedDelayBlocks: 64n,
  reserveSeconds: 120n,
  airgapSeconds: 5n,
} as const;
