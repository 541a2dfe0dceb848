import { type PublicClient, parseEventLogs } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import type { StateClaim } from "./state-claim.ts";

export interface PostedStateClaim {
  readonly claim: StateClaim;
  readonly l1Block: bigint;
}

/** Blocks per request: providers refuse long ranges. */
const RANGE_BLOCKS = 2000n;
/** Read again each time, in case L1 forked. */
const FORK_BLOCKS = 64n;

/** The state claims L1 has, read once and then kept up to date. */
export class StateClaimLog {
  readonly #client: PublicClient;
  readonly #chain: ChainFile;
  #next: bigint;
  #posted: readonly PostedStateClaim[] = [];

  constructor(client: PublicClient, chain: ChainFile) {
    this.#client = client;
    this.#chain = chain;
    this.#next = chain.deployedAtL1Block;
  }

  /** All of them, in order, as of L1's head. */
  async read(): Promise<readonly PostedStateClaim[]> {
    const head = await this.#client.getBlockNumber();
    const { contracts, deployedAtL1Block } = this.#chain;
    const again = this.#next - FORK_BLOCKS;
    let from = again > deployedAtL1Block ? again : deployedAtL1Block;
    const posted = this.#posted.filter(({ l1Block }) => l1Block < from);
    for (; from <= head; from += RANGE_BLOCKS) {
      const last = from + RANGE_BLOCKS - 1n;
      const toBlock = last < head ? last : head;
      const logs = await this.#client.getLogs({ address: contracts.stateClaims, fromBlock: from, toBlock });
      for (const { args, blockNumber } of parseEventLogs({ abi: stateClaimsAbi, logs, eventName: "StateClaimed" }))
        posted.push({ claim: args.claim, l1Block: blockNumber });
    }
    this.#posted = posted;
    this.#next = head + 1n;
    return posted;
  }
}
