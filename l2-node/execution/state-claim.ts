import type { Hex } from "viem";
import { treeRoot } from "../../common/merkle.ts";
import type { BlockRoots, Execution } from "./execution.ts";

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

/** The claim that blocks `first … number` deserve (P8.1); blocksRoot is the tree of their world roots (P11.4). */
export async function stateClaim(execution: Execution, first: bigint, number: bigint): Promise<StateClaim> {
  const stateRoots: Hex[] = [];
  for (let block = first; block <= number; block++) stateRoots.push(await execution.stateRoot(block));
  return { ...(await execution.roots(number)), blocksRoot: treeRoot(stateRoots) };
}
