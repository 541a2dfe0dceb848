/** Times and limits of a chain (P10). Seconds are L1 timestamps; only `seedDelayBlocks` counts L1 blocks. */
export interface Clocks {
  readonly l1BlockMs: number;
  readonly l2BlockMs: number;
  readonly seedDelayBlocks: number;
  /** Shortest challenge window a job may ask for, and the one it gets when it asks for none. */
  readonly minWindowSeconds: number;
  readonly defaultWindowSeconds: number;
  readonly stateWindowSeconds: number;
  readonly answerSeconds: number;
  readonly challengerSeconds: number;
  readonly airgapSeconds: number;
  readonly inclusionWindowSeconds: number;
  readonly reserveSeconds: number;
  /** W_soft and D_soft. */
  readonly softWindowSeconds: number;
  readonly softGraceSeconds: number;
  readonly parkGas: number;
  readonly l2BlockGasLimit: number;
}
