import { EventEmitter } from "node:events";
import type { Hex } from "viem";
import { decodeBatch, type Envelopes } from "../../common/batch.ts";
import { largerOf } from "../../common/bigint.ts";
import { equalBytes } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { encodeHeader } from "../../common/header.ts";
import { keccakHex } from "../../common/keccak.ts";
import { isAboutClaim, type L1Batch, type L1Step } from "../l1/step.ts";
import type { Store } from "../store/store.ts";
import { type Block, includedIn, postedOf } from "./block.ts";
import type { Built } from "./builder.ts";
import { deriveBlock } from "./derivation.ts";
import { type Heads, headsOf } from "./heads.ts";
import { addStandings, type ClaimStandings, claimStandings } from "./standings.ts";

export interface ChainEvents {
  /** A block was sealed or derived. It is durable. */
  block: [Block];
  /** Blocks will have left the chain with the next commit, newest first; who throws keeps them there. */
  leaving: [readonly Block[]];
  /** Blocks left the chain, newest first: replaced by anchored ones, lost their origin, or too old to anchor. */
  dropped: [readonly Block[]];
  /** L1 moved: anchors, messages or finality may have changed. */
  l1: [];
}

/** The chain of one node: blocks it sealed or derived, kept in step with L1. Synchronous; every change is durable. */
export class Chain {
  readonly events = new EventEmitter<ChainEvents>();
  readonly file: ChainFile;
  readonly store: Store;
  #standings: ClaimStandings;
  #heads: Heads | undefined;
  #version = 0;

  constructor(options: { readonly chain: ChainFile }, modules: { readonly store: Store }) {
    this.file = options.chain;
    this.store = modules.store;
    this.#standings = this.#readStandings();
    // RPC, mempool, sequencer and execution listen, and each open subscription of theirs.
    this.events.setMaxListeners(0);
  }

  head(): Block {
    return this.store.blocks.head();
  }

  /** Rises with every change of blocks or of L1: what follows from them may be kept until then. */
  get version(): number {
    return this.#version;
  }

  /** Claims overturned at the L1 head this node follows. */
  overturned(): ReadonlySet<Hex> {
    return this.#standings.overturned;
  }

  /** Claims that have no soft effect at that head: overturned, suspended or paused (P6.6). The same set until it changes. */
  withoutSoftEffect(): ReadonlySet<Hex> {
    return this.#standings.withoutSoftEffect(this.store.l1.cursor()?.timestamp ?? 0n);
  }

  /** Inbox index of the first `Claimed` whose claim is still open (P6.8); undefined if none is. */
  firstOpen(): bigint | undefined {
    return this.#standings.firstOpen();
  }

  /** Claims that are neither final nor overturned, by the messages read. */
  openClaims(): number {
    return this.#standings.openCount();
  }

  heads(): Heads {
    this.#heads ??= this.#computeHeads();
    return this.#heads;
  }

  /** Appends a block this node sealed; what it includes leaves the pool with that, since its nonce is consumed. */
  append({ block, ledger }: Built): void {
    this.store.transaction(() => this.store.blocks.append(block, ledger.changes));
    this.store.pool.included(includedIn(block));
    this.#changed();
    this.events.emit("block", block);
  }

  /** Takes unanchored blocks above `number` off the chain (P3.7); returns them, newest first. */
  dropAbove(number: bigint): readonly Block[] {
    const dropped = this.store.transaction(() => this.#removeAbove(number));
    this.#announce(dropped, []);
    return dropped;
  }

  /** Takes in what L1 says next: messages, anchored batches, the new head. All of it or nothing is stored. */
  applyL1(step: L1Step): void {
    const dropped: Block[] = [];
    const added: Block[] = [];
    this.store.transaction(() => {
      const { l1 } = this.store;
      for (const origin of step.origins) l1.putHeader(origin);
      for (const message of step.messages) l1.putMessage(message);
      for (const batch of step.batches) {
        this.#adopt(batch, dropped, added);
        l1.putBatch(batch);
      }
      l1.setCursor(step.head, step.finalizedNumber);
      this.store.dropped.prune(l1.lastBatchAt(step.finalizedNumber)?.lastNumber ?? 0n);
    });
    addStandings(this.#standings, this.store.l1, step.messages.filter(isAboutClaim));
    this.#announce(dropped, added);
    this.events.emit("l1");
  }

  /**
   * L1 forked: forgets what was read above `ancestor`. Blocks this node sealed on surviving origins stay, to be anchored
   * again; all others above the last surviving batch go. They are remembered, should L1 turn back (P3.9).
   */
  rewindL1(ancestor: bigint): void {
    const dropped = this.store.transaction(() => {
      this.store.l1.rewind(ancestor);
      let keep = this.store.l1.lastBatch()?.lastNumber ?? 0n;
      for (const { latest } = this.#computeHeads(); keep < latest; keep++) {
        const { header, inboxOnly, sealedHere } = this.store.blocks.block(keep + 1n) as Block;
        if (header.origin.number > ancestor || inboxOnly || !sealedHere) break;
      }
      return this.#removeAbove(keep);
    });
    this.#standings = this.#readStandings();
    this.#announce(dropped, []);
    this.events.emit("l1");
  }

  #readStandings(): ClaimStandings {
    const standings = claimStandings(this.file.clocks);
    addStandings(standings, this.store.l1, this.store.l1.claimMessages());
    return standings;
  }

  /**
   * The block that left the head's place and still is the only one the sequencer may sign there, because L1 has its origin
   * (P3.9): a fork was undone, took a batch but not its blocks' origins, or set L1's clock back before a fallback block.
   */
  returning(): Built | undefined {
    const parent = this.head();
    const { dropped, l1, blocks } = this.store;
    for (const left of dropped.over(parent)) {
      if (l1.originAt(left.header.origin.number)?.hash !== left.header.origin.hash) continue;
      const envelopes = postedOf(left).map(({ raw }) => raw);
      const built = deriveBlock(this.file, l1, encodeHeader(left.header), envelopes, parent, blocks);
      if (!built.block.inboxOnly) return { ...built, block: { ...built.block, sealedHere: true } };
    }
    return undefined;
  }

  /**
   * L1 block below which the head's child must have no origin: each block that left its place stands on another branch, which
   * shares no L1 block from its origin upwards with this one (P3.9).
   */
  lowestOrigin(): bigint {
    const parent = this.head();
    return this.store.dropped
      .over(parent)
      .reduce((lowest, { header }) => largerOf(lowest, header.origin.number), parent.header.origin.number);
  }

  /** Anchored bytes are authoritative: blocks that differ from them go, and what the batch says takes their place. */
  #adopt(batch: L1Batch, dropped: Block[], added: Block[]): void {
    const bodies = decodeBatch(batch.data, batch.headers.length);
    for (const [i, posted] of batch.headers.entries()) {
      const number = batch.firstNumber + BigInt(i);
      const body = bodies[i] ?? null;
      const own = this.store.blocks.block(number);
      if (own && isSame(own, posted, body)) continue;
      dropped.push(...this.#removeAbove(number - 1n));
      const { block, ledger } = deriveBlock(this.file, this.store.l1, posted, body, this.head(), this.store.blocks);
      const adopted: Block = batch.fallback ? { ...block, fallback: true } : block;
      this.store.blocks.append(adopted, ledger.changes);
      added.push(adopted);
    }
  }

  #removeAbove(number: bigint): Block[] {
    const removed: Block[] = [];
    while (this.head().header.number > number) removed.push(this.store.blocks.removeHead());
    for (const block of removed) if (!block.inboxOnly && !block.fallback) this.store.dropped.put(block);
    if (removed.length > 0) this.events.emit("leaving", removed);
    return removed;
  }

  #announce(dropped: readonly Block[], added: readonly Block[]): void {
    this.#changed();
    if (dropped.length > 0) this.events.emit("dropped", dropped);
    for (const block of added) this.events.emit("block", block);
  }

  #changed(): void {
    this.#heads = undefined;
    this.#version++;
  }

  #computeHeads(): Heads {
    const { l1, blocks } = this.store;
    return headsOf(this.head().header.number, l1, blocks, this.#standings.firstOpen());
  }
}

/** Calls back after blocks were added or dropped, or L1 moved. */
export const onChainChange =
  ({ events }: Pick<Chain, "events">) =>
  (listener: () => void): (() => void) => {
    for (const event of ["block", "dropped", "l1"] as const) events.on(event, listener);
    return () => {
      for (const event of ["block", "dropped", "l1"] as const) events.off(event, listener);
    };
  };

/** Equal hashes are not enough: bytes that do not give the header's transactionsRoot make the block inbox-only (P3.6). */
function isSame(own: Block, posted: Uint8Array, body: Envelopes | null): boolean {
  if (own.inboxOnly || body === null || own.hash !== keccakHex(posted)) return false;
  const entries = postedOf(own);
  return entries.length === body.length && entries.every(({ raw }, i) => equalBytes(raw, body[i] as Uint8Array));
}
