import { EventEmitter } from "node:events";
import type { Address, Hex } from "viem";
import { decodedBlockSize, decodedSize, MAX_DECODED_BYTES, postedSize } from "../../common/batch.ts";
import type { Origin } from "../../common/header.ts";
import type { L1Header } from "../../common/l1-header.ts";
import type { Transaction } from "../../common/transaction.ts";
import { type Block, includedIn, postedOf } from "../chain/block.ts";
import { type BlockBuilder, type Built, openBlock } from "../chain/builder.ts";
import type { Chain } from "../chain/chain.ts";
import { MAX_ORIGIN_LAG_SECONDS } from "../chain/derivation.ts";
import { isFallbackDue } from "../chain/fallback.ts";
import type { Refusal } from "../ledger/includable.ts";
import type { Mempool } from "./mempool.ts";
import { selectFrom } from "./select.ts";

export interface SequencerOptions {
  /** Longest wait before a transaction or message is sealed. */
  readonly blockTimeMs: number;
  /** An empty block is sealed after this long. */
  readonly heartbeatMs: number;
  /** Origins are this far below the L1 head, so that shallow L1 forks do not take blocks away. */
  readonly originLagBlocks: bigint;
  /** Posted bytes per block (P3.5): one block must fit one L1 transaction. */
  readonly maxBlockBytes: number;
  /** While a sealed block is this close to its inclusion window's end, none is sealed on it. */
  readonly resealMarginSeconds: bigint;
}

export interface SequencerEvents {
  sealed: [{ readonly block: Block; readonly sealMs: number }];
}

/** Version byte and a count whose zero is coded. */
const BLOCK_OVERHEAD = 4;
// These may come true as fees move and deposits arrive; the others cannot, and leave the pool.
const WAITS: ReadonlySet<Refusal["rule"]> = new Set([
  "fee-below-base-fee",
  "gas-too-low",
  "insufficient-prepaid",
  "nonce-too-high",
]);

/** Accounts whose nonces a block consumed by what this pool did not give it: by force, by authorizations, or all if derived. */
const consumedElsewhere = ({ transactions, forced = 0, sealedHere }: Block): Address[] =>
  transactions.flatMap(({ transaction, outcome }, position) => {
    if (transaction === undefined || outcome.status === "skipped") return [];
    const authorities = (outcome.delegations ?? []).map(({ authority }) => authority);
    return position < forced || !sealedHere ? [transaction.sender, ...authorities] : authorities;
  });

/** What the pool may have given to blocks that come newest first, in the order of its inclusion. */
const transactionsOf = (blocks: readonly Block[]): Transaction[] =>
  [...blocks].reverse().flatMap((block) => postedOf(block).flatMap(({ transaction }) => transaction ?? []));

/** Seals blocks: orders, checks the ledger, stores. Executes nothing, and signs nothing: the anchor signs what it posts. */
export class Sequencer {
  readonly events = new EventEmitter<SequencerEvents>();
  readonly #options: SequencerOptions;
  readonly #chain: Chain;
  readonly #mempool: Mempool;
  #timer: NodeJS.Timeout | undefined;
  #lastSealAt = 0;
  /** Refused at the last seal: no reason to seal again before the heartbeat. */
  #waiting: ReadonlySet<Hex> = new Set();

  constructor(options: SequencerOptions, modules: { readonly chain: Chain; readonly mempool: Mempool }) {
    this.#options = options;
    this.#chain = modules.chain;
    this.#mempool = modules.mempool;
    // Blocks may leave before it seals any: while its node reads what L1 has got since it was stopped.
    this.#chain.events.on("leaving", this.#keep);
    this.#chain.events.on("dropped", this.#readmit);
    this.#chain.events.on("block", this.#release);
  }

  start(onError: (error: unknown) => void): void {
    const tick = (): void => {
      try {
        this.#dropLate();
        if (this.#hasWork()) this.seal();
        this.#timer = setTimeout(tick, this.#options.blockTimeMs);
      } catch (error) {
        onError(error);
      }
    };
    this.#timer = setTimeout(tick, 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#chain.events.off("leaving", this.#keep);
    this.#chain.events.off("dropped", this.#readmit);
    this.#chain.events.off("block", this.#release);
  }

  /**
   * Seals one block now, empty or not; undefined while L1 offers no origin a block could stand on. Where a block it signed
   * before may come back, no other may be signed for its place (P3.9): then it is that one.
   */
  seal(): Block | undefined {
    const startedAt = performance.now();
    const returning = this.#returning();
    if (returning) {
      this.#chain.append(returning);
      this.#forget(returning.block);
      return returning.block;
    }
    const parent = this.#chain.head();
    const place = this.#place(parent);
    if (!place) return undefined;
    const { file, store } = this.#chain;
    const builder = openBlock(file, store.l1, parent, place.origin, place.originHeader, store.blocks);
    const { hopeless, waiting } = this.#fill(builder);
    const { block: finished, ledger } = builder.finish(place.timestamp);
    const block: Block = { ...finished, sealedHere: true };
    this.#chain.append({ block, ledger });
    this.#forget(block);
    if (hopeless.length > 0) this.#mempool.drop(hopeless);
    this.#waiting = waiting;
    this.#lastSealAt = performance.now();
    this.events.emit("sealed", { block, sealMs: this.#lastSealAt - startedAt });
    return block;
  }

  #hasWork(): boolean {
    if (performance.now() - this.#lastSealAt >= this.#options.heartbeatMs || this.#returning()) return true;
    const parent = this.#chain.head();
    const place = this.#place(parent);
    if (!place) return false;
    if (place.origin.inboxCount > parent.header.origin.inboxCount) return true;
    for (const sender of this.#mempool.senders()) {
      const next = this.#mempool.next(sender, this.#chain.store.blocks.account(sender).nonce);
      if (next && !this.#waiting.has(next.hash)) return true;
    }
    return false;
  }

  /**
   * Takes what pays best until gas or bytes run out, posted ones or what they decode to: a block alone must be readable
   * (P3.5). Returns what can never be included, and what cannot yet.
   */
  #fill(builder: BlockBuilder): { hopeless: Hex[]; waiting: Set<Hex> } {
    const { account } = this.#chain.store.blocks;
    const selection = selectFrom(this.#mempool, (sender) => account(sender).nonce, builder.context.baseFeeWei);
    const hopeless: Hex[] = [];
    const waiting = new Set<Hex>();
    let [bytes, decodedBytes] = [BLOCK_OVERHEAD, decodedBlockSize([])];
    for (let transaction = selection.take(); transaction; transaction = selection.take()) {
      const [size, decoded] = [postedSize(transaction.raw), decodedSize(transaction.raw)];
      if (bytes + size > this.#options.maxBlockBytes || decodedBytes + decoded > MAX_DECODED_BYTES) continue;
      const refusal = builder.include(transaction);
      if (refusal === undefined) {
        bytes += size;
        decodedBytes += decoded;
        selection.included(transaction);
      } else if (refusal !== "block-full") {
        if (WAITS.has(refusal.rule)) waiting.add(transaction.hash);
        else hopeless.push(transaction.hash);
      }
    }
    return { hopeless, waiting };
  }

  /**
   * Origin and time of the next block (P3.3). The clock is the L1 head's, never the wall's. Where L1's clock has leapt, the
   * lagging origin may be too old for it; then the head is the origin.
   */
  #place(parent: Block): { origin: Origin; originHeader: L1Header; timestamp: bigint } | undefined {
    const { l1 } = this.#chain.store;
    const head = l1.cursor();
    if (!head || head.timestamp < parent.header.timestamp || this.#mustWait(head)) return undefined;
    const lagging = l1.headerBelow(head.number - this.#options.originLagBlocks + 1n);
    const parentOrigin = l1.originAt(parent.header.origin.number);
    const lowest = this.#chain.lowestOrigin();
    const originHeader = [lagging, parentOrigin, head].find(
      (header) =>
        header !== undefined && header.number >= lowest && head.timestamp <= header.timestamp + MAX_ORIGIN_LAG_SECONDS,
    );
    if (!originHeader) return undefined;
    const { number, hash } = originHeader;
    const { count: inboxCount, hash: inboxHash } = l1.checkpointAt(number);
    return { origin: { number, hash, inboxCount, inboxHash }, originHeader, timestamp: head.timestamp };
  }

  /** Nothing that could be sealed now would ever be anchored (P3.7), or only the fallback block may come next (P3.8). */
  #mustWait(head: L1Header): boolean {
    if (isFallbackDue(this.#chain, head.timestamp)) return true;
    const { latest, safe } = this.#chain.heads();
    if (safe === latest) return false;
    const oldest = this.#chain.store.blocks.block(safe + 1n) as Block;
    const window = BigInt(this.#chain.file.clocks.inclusionWindowSeconds) - this.#options.resealMarginSeconds;
    return head.timestamp - oldest.header.timestamp > window;
  }

  /**
   * P3.7: once only the fallback block may come next, what is not anchored leaves; the transactions are sealed anew over it.
   * Never before: two headers with one number and one parent would be an equivocation.
   */
  #dropLate(): void {
    const head = this.#chain.store.l1.cursor();
    const { latest, safe } = this.#chain.heads();
    if (head && safe < latest && isFallbackDue(this.#chain, head.timestamp)) this.#chain.dropAbove(safe);
  }

  /** Where only the fallback block may come next, it could not be anchored any more (P3.8). */
  #returning(): Built | undefined {
    const head = this.#chain.store.l1.cursor();
    return head && !isFallbackDue(this.#chain, head.timestamp) ? this.#chain.returning() : undefined;
  }

  #forget(block: Block): void {
    this.#mempool.forget(includedIn(block));
    this.#mempool.dropPast(consumedElsewhere(block));
  }

  readonly #release = (block: Block): void => {
    if (!block.sealedHere) this.#mempool.dropPast(consumedElsewhere(block));
  };

  readonly #keep = (leaving: readonly Block[]): void => this.#mempool.keep(transactionsOf(leaving));

  readonly #readmit = (dropped: readonly Block[]): void => this.#mempool.readmit(transactionsOf(dropped));
}
