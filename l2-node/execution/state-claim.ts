import type { Hex } from "viem";
import type { BlockRoots } from "./execution.ts";

/** What the accountant says of a block on L1 (P8.1). */
export interface StateClaim extends BlockRoots {
  readonly blocksRoot: Hex;
}

export const sameClaim = (a: StateClaim, b: StateClaim): boolean =>
  a.number === b.number &&
  a.headerHash === b.headerHash &&
  a.stateRoot === b.stateRoot &&
  a.outboxRoot === b.outboxRoot &&
  a.creditsRoot === b.creditsRoot &&
  a.blocksRoot === b.blocksRoot &&
  a.accountantFeesWei === b.accountantFeesWei;
