import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { AnhError } from "../../common/errors.ts";
import { addressOfKey } from "../../common/signature.ts";
import { CalldataPendingError } from "./errors.ts";
import { anchorFallback } from "./fallback.ts";
import { nextPosting, type PostingModules, type PostingOptions } from "./posting.ts";
import { type L1Sender, SOME_RAISES } from "./sender.ts";

/** The key is not the chain's sequencer's: nothing it signs would ever be anchored. */
export class WrongKeyError extends AnhError {}

/** The sender's key, which pays L1, may be another than the one that signs. */
export interface AnchorOptions extends PostingOptions {
  /** Pause between looks; also how long blocks gather before they are posted. */
  readonly intervalMs: number;
}

export interface AnchorModules extends PostingModules {
  readonly sender: L1Sender;
  readonly onTrouble: (trouble: { readonly error: unknown }) => void;
  readonly onAnchored: (batch: {
    readonly firstNumber: bigint;
    readonly lastNumber: bigint;
    readonly gasUsed: bigint;
    /** 0 where the data went as calldata. */
    readonly blobs: number;
  }) => void;
}

/**
 * Signs sealed blocks together with their data, and posts them to L1. What to post is read from L1 each time, never
 * remembered, so a crash between sending and recording costs nothing.
 */
export class Anchor {
  readonly #options: AnchorOptions;
  readonly #modules: AnchorModules;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #wake: () => void = () => {};
  /** A transaction of the key waits in L1's pool that only calldata replaces: those with blobs have a pool of their own. */
  #calldataIsPending = false;

  constructor(options: AnchorOptions, modules: AnchorModules) {
    const { sequencer } = modules.chain.file;
    if (addressOfKey(options.privateKey) !== sequencer)
      throw new WrongKeyError("wrong-key", "the sequencer key does not belong to the chain's sequencer", {
        expected: sequencer,
        actual: addressOfKey(options.privateKey),
      });
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

  /** Posts the next batch if there is one, or the fallback block where it is due; resolves with the number of blocks posted. */
  async post(): Promise<number> {
    if (await this.#fallbackIsDue()) return this.#postFallback();
    const after = await this.#lastShared();
    const data = this.#calldataIsPending ? "calldata" : this.#options.data;
    const posting =
      after === undefined ? undefined : await nextPosting({ ...this.#options, data }, this.#modules, after);
    if (posting === undefined) return 0;
    const { blocks, call } = posting;
    this.#calldataIsPending = false;
    // A fallback block may become due meanwhile, or calldata cheaper.
    const { gasUsed } = await this.#modules.sender
      .send(call, this.#abort.signal, SOME_RAISES)
      .catch((error: unknown) => {
        this.#calldataIsPending = error instanceof CalldataPendingError;
        throw error;
      });
    const [firstNumber, lastNumber] = [blocks[0]!.header.number, blocks.at(-1)!.header.number];
    this.#modules.onAnchored({ firstNumber, lastNumber, gasUsed, blobs: call.sidecar?.blobs.length ?? 0 });
    return blocks.length;
  }

  async #fallbackIsDue(): Promise<boolean> {
    const { chain, client } = this.#modules;
    const contract = { address: chain.file.contracts.headerAnchor, abi: headerAnchorAbi } as const;
    const [latest, dueAfter] = await Promise.all([
      client.getBlock({ blockTag: "latest" }),
      client.readContract({ ...contract, functionName: "fallbackDueAfter" }),
    ]);
    return latest.timestamp > dueAfter;
  }

  async #postFallback(): Promise<number> {
    const number = (this.#modules.chain.store.l1.lastBatch()?.lastNumber ?? 0n) + 1n;
    const { gasUsed } = await anchorFallback(this.#modules, this.#abort.signal);
    this.#modules.onAnchored({ firstNumber: number, lastNumber: number, gasUsed, blobs: 0 });
    return 1;
  }

  /** Number of the last anchored block; undefined while this node and L1 disagree about it. */
  async #lastShared(): Promise<bigint | undefined> {
    const { chain, client } = this.#modules;
    const contract = { address: chain.file.contracts.headerAnchor, abi: headerAnchorAbi } as const;
    const count = await client.readContract({ ...contract, functionName: "batchCount" });
    const { lastNumber, lastHash } = await client.readContract({
      ...contract,
      functionName: "batch",
      args: [count - 1n],
    });
    return chain.store.blocks.block(lastNumber)?.hash === lastHash ? lastNumber : undefined;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
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
