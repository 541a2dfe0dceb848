import { encodeFunctionData, type PublicClient, parseEventLogs } from "viem";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import { treeRoot } from "../../common/merkle.ts";
import type { Chain } from "../chain/chain.ts";
import { claimStandings } from "../chain/standings.ts";
import type { L1Sender } from "../l1/sender.ts";
import type { Execution } from "./execution.ts";
import { type StateClaim, sameClaim } from "./state-claim.ts";

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
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(options: AccountantOptions, modules: AccountantModules) {
    this.#options = options;
    this.#modules = modules;
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
    const posted = await readStateClaims(client, chain);
    for (const { claim } of posted.reverse()) {
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
    const firstOpen = claimStandings(l1.claimMessages()).firstOpen();
    for (let batch = l1.lastBatch(); batch !== undefined; batch = l1.batch(batch.batch - 1n)) {
      const inboxCount = blocks.block(batch.lastNumber)?.header.origin.inboxCount;
      if (inboxCount !== undefined && (firstOpen === undefined || inboxCount <= firstOpen)) return batch.lastNumber;
    }
    return undefined;
  }

  async #isDue(lastPosted: bigint): Promise<boolean> {
    if (lastPosted === 0n) return true;
    const { chain, client } = this.#modules;
    const last = (await readStateClaims(client, chain)).at(-1);
    if (last === undefined) return true;
    const [{ timestamp: then }, { timestamp: now }] = await Promise.all([
      client.getBlock({ blockNumber: last.l1Block }),
      client.getBlock({ blockTag: "latest" }),
    ]);
    return now >= then + this.#options.postEverySeconds;
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

/** The claim that blocks `first … number` deserve (P8.1); blocksRoot is the tree of their world roots (P11.4). */
export async function stateClaim(execution: Execution, first: bigint, number: bigint): Promise<StateClaim> {
  const stateRoots: `0x${string}`[] = [];
  for (let block = first; block <= number; block++) stateRoots.push(await execution.stateRoot(block));
  return { ...(await execution.roots(number)), blocksRoot: treeRoot(stateRoots) };
}

export interface PostedStateClaim {
  readonly claim: StateClaim;
  readonly l1Block: bigint;
}

/** Every state claim L1 has, in order. */
export async function readStateClaims(client: PublicClient, chain: Chain): Promise<PostedStateClaim[]> {
  const { contracts, deployedAtL1Block } = chain.file;
  const logs = await client.getLogs({
    address: contracts.stateClaims,
    fromBlock: deployedAtL1Block,
    toBlock: "latest",
  });
  return parseEventLogs({ abi: stateClaimsAbi, logs, eventName: "StateClaimed" }).map(({ args, blockNumber }) => ({
    claim: args.claim,
    l1Block: blockNumber,
  }));
}

/** A state claim on L1 that is not what this node derives: nobody can dispute it yet, so people must be told. */
export interface FalseStateClaim {
  readonly posted: StateClaim;
  readonly own: StateClaim;
}

/** Compares the claims on L1 after block `after` with what this node derives; those of blocks it has not seen wait. */
export async function auditStateClaims(
  modules: Pick<AccountantModules, "client" | "chain" | "execution">,
  after: bigint,
): Promise<{ readonly checkedTo: bigint; readonly wrong: readonly FalseStateClaim[] }> {
  const { client, chain, execution } = modules;
  const wrong: FalseStateClaim[] = [];
  let before = 0n;
  let checkedTo = after;
  for (const { claim: posted } of await readStateClaims(client, chain)) {
    const first = before + 1n;
    before = posted.number;
    if (posted.number <= after) continue;
    if (posted.number > chain.heads().safe) break;
    const own = await stateClaim(execution, first, posted.number);
    if (!sameClaim(own, posted)) wrong.push({ posted, own });
    checkedTo = posted.number;
  }
  return { checkedTo, wrong };
}
