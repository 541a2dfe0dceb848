import { encodeFunctionData, type Hex, type PublicClient } from "viem";
import { anchoredBatchDigest } from "../../common/anchored-batch.ts";
import { batchDataRoot, encodeBatch } from "../../common/batch.ts";
import { hexOf } from "../../common/bytes.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { AnhError } from "../../common/errors.ts";
import { encodeHeader } from "../../common/header.ts";
import { addressOfKey, signDigest } from "../../common/signature.ts";
import { type Block, postedOf } from "../chain/block.ts";
import type { Chain } from "../chain/chain.ts";
import { type BatchLimits, batchOf } from "./batch-room.ts";
import { anchorFallback } from "./fallback.ts";
import type { L1Sender } from "./sender.ts";

/** The key is not the chain's sequencer's: nothing it signs would ever be anchored. */
export class WrongKeyError extends AnhError {}

export interface AnchorOptions extends BatchLimits {
  /** The sequencer's: it signs each batch. The sender's, which pays L1, may be another. */
  readonly privateKey: Hex;
  /** Pause between looks; also how long blocks gather before they are posted. */
  readonly intervalMs: number;
}

export interface AnchorModules {
  readonly client: PublicClient;
  readonly chain: Chain;
  readonly sender: L1Sender;
  readonly onTrouble: (trouble: { readonly error: unknown }) => void;
  readonly onAnchored: (batch: {
    readonly firstNumber: bigint;
    readonly lastNumber: bigint;
    readonly gasUsed: bigint;
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
    const { chain, sender, client } = this.#modules;
    const { headerAnchor } = chain.file.contracts;
    if (await this.#fallbackIsDue()) return this.#postFallback();
    const blocks = await this.#pending(client);
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (!first || !last) return 0;
    const headers = blocks.map(({ header }) => hexOf(encodeHeader(header)));
    const data = encodeBatch(blocks.map((block) => postedOf(block).map(({ raw }) => raw)));
    const [firstNumber, lastNumber] = [first.header.number, last.header.number];
    const { l1ChainId, l2ChainId } = chain.file;
    const digest = anchoredBatchDigest(
      { l1ChainId, headerAnchor, l2ChainId },
      { firstNumber, lastNumber, lastHash: last.hash, dataRoot: batchDataRoot(data) },
    );
    const call = encodeFunctionData({
      abi: headerAnchorAbi,
      functionName: "anchor",
      args: [headers, signDigest(digest, this.#options.privateKey), hexOf(data)],
    });
    const receipt = await sender.send({ to: headerAnchor, data: call }, this.#abort.signal);
    this.#modules.onAnchored({ firstNumber, lastNumber, gasUsed: receipt.gasUsed });
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
    this.#modules.onAnchored({ firstNumber: number, lastNumber: number, gasUsed });
    return 1;
  }

  /** Blocks after the last anchored one that fit a batch; none while this node and L1 disagree about that one. */
  async #pending(client: PublicClient): Promise<Block[]> {
    const { chain } = this.#modules;
    const contract = { address: chain.file.contracts.headerAnchor, abi: headerAnchorAbi } as const;
    const count = await client.readContract({ ...contract, functionName: "batchCount" });
    const { lastNumber, lastHash } = await client.readContract({
      ...contract,
      functionName: "batch",
      args: [count - 1n],
    });
    if (chain.store.blocks.block(lastNumber)?.hash !== lastHash) return [];
    return batchOf(sealedAfter(chain, lastNumber), this.#options);
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

function* sealedAfter({ store }: Chain, last: bigint): Generator<Block> {
  for (let number = last + 1n; ; number++) {
    const block = store.blocks.block(number);
    if (!block?.sealedHere) return;
    yield block;
  }
}
