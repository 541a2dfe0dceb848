import { encodeFunctionData, type PublicClient } from "viem";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import type { Chain } from "../chain/chain.ts";
import type { L1Sender } from "../l1/sender.ts";
import type { Execution } from "./execution.ts";
import { type StateClaim, stateClaim } from "./state-claim.ts";
import { StateClaimLog } from "./state-claim-log.ts";

export interface AccountantOptions {
  /** Pause between looks. */
  readonly intervalMs: number;
  /** Least time between two posted claims, by L1's clock: each costs gas, and redeeming waits for one. */
  readonly postEverySeconds: bigint;
}

export interface AccountantModules {
  readonly client: PublicClient;
  readonly chain: Chain;
  readonly execution: Execution;
  /** The poster's key. */
  readonly sender: L1Sender;
  readonly onTrouble: (trouble: { readonly error: unknown }) => void;
  readonly onPosted: (posted: { readonly claim: StateClaim; readonly gasUsed: bigint }) => void;
  readonly onSettled: (settled: { readonly number: bigint; readonly gasUsed: bigint }) => void;
}

/**
 * Posts state claims and settles them (P8). Keeps nothing: what was posted is read from L1 each time, so a crash between
 * sending and recording costs nothing.
 */
export class Accountant {
  readonly #options: AccountantOptions;
  readonly #modules: AccountantModules;
  readonly #log: StateClaimLog;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(options: AccountantOptions, modules: AccountantModules) {
    this.#options = options;
    this.#modules = modules;
    this.#log = new StateClaimLog(modules.client, modules.chain.file);
  }

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    await this.#running;
  }

  /** Posts a claim about the last anchored block without open results, if it is due; resolves with it. */
  async post(): Promise<StateClaim | undefined> {
    const { chain, execution, sender } = this.#modules;
    const lastPosted = await this.#read("lastPosted");
    const number = this.#claimable();
    if (number === undefined || number <= lastPosted || !(await this.#isDue(lastPosted))) return undefined;
    const claim = await stateClaim(execution, lastPosted + 1n, number);
    // What was read of L1 may have moved on while roots were computed; the claim must be what L1 says now.
    if (this.#claimable() === undefined || chain.store.blocks.block(number)?.hash !== claim.headerHash)
      return undefined;
    const data = encodeFunctionData({ abi: stateClaimsAbi, functionName: "post", args: [claim] });
    const { gasUsed } = await sender.send({ to: chain.file.contracts.stateClaims, data }, this.#abort.signal);
    this.#modules.onPosted({ claim, gasUsed });
    return claim;
  }

  /** Settles the newest claim whose window is over; resolves with its number. Those it overtakes need no settling. */
  async settle(): Promise<bigint | undefined> {
    const { chain, client, sender } = this.#modules;
    const lastSettled = await this.#read("lastSettled");
    const { timestamp } = await client.getBlock({ blockTag: "latest" });
    for (const { claim } of (await this.#log.read()).toReversed()) {
      if (claim.number <= lastSettled) return undefined;
      const from = await client.readContract({
        ...this.#contract(),
        functionName: "settleableAt",
        args: [claim.number],
      });
      if (timestamp < from) continue;
      const data = encodeFunctionData({ abi: stateClaimsAbi, functionName: "settle", args: [claim.number] });
      const { gasUsed } = await sender.send({ to: chain.file.contracts.stateClaims, data }, this.#abort.signal);
      this.#modules.onSettled({ number: claim.number, gasUsed });
      return claim.number;
    }
    return undefined;
  }

  /** Last block of the newest batch all of whose results are closed, as far as this node has read L1. */
  #claimable(): bigint | undefined {
    const { l1, blocks } = this.#modules.chain.store;
    const firstOpen = this.#modules.chain.firstOpen();
    for (let batch = l1.lastBatch(); batch !== undefined; batch = l1.batch(batch.batch - 1n)) {
      const inboxCount = blocks.block(batch.lastNumber)?.header.origin.inboxCount;
      if (inboxCount !== undefined && (firstOpen === undefined || inboxCount <= firstOpen)) return batch.lastNumber;
    }
    return undefined;
  }

  async #isDue(lastPosted: bigint): Promise<boolean> {
    if (lastPosted === 0n) return true;
    const { chain, client } = this.#modules;
    const [settleableAt, { timestamp }] = await Promise.all([
      client.readContract({ ...this.#contract(), functionName: "settleableAt", args: [lastPosted] }),
      client.getBlock({ blockTag: "latest" }),
    ]);
    const postedAt = settleableAt - BigInt(chain.file.clocks.stateWindowSeconds) - 1n; // P8.1
    return timestamp >= postedAt + this.#options.postEverySeconds;
  }

  #contract() {
    return { address: this.#modules.chain.file.contracts.stateClaims, abi: stateClaimsAbi } as const;
  }

  #read(functionName: "lastPosted" | "lastSettled"): Promise<bigint> {
    return this.#modules.client.readContract({ ...this.#contract(), functionName });
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.settle();
        await this.post();
      } catch (error) {
        if (!signal.aborted) this.#modules.onTrouble({ error });
      }
      if (!signal.aborted)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, this.#options.intervalMs);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
    }
  }
}
