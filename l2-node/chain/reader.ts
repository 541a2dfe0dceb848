import { EventEmitter } from "node:events";
import type { Hex } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import type { L1Header } from "../../common/l1-header.ts";
import type { StoreReader } from "../store/store.ts";
import { type Heads, headsOf } from "./heads.ts";
import { addStandings, type ClaimStandings, claimStandings } from "./standings.ts";

/** What of the chain can be seen, heads beside it: it tells when one of them differs. */
interface Seen {
  readonly headNumber: bigint;
  readonly removedCount: number;
  readonly cursor: L1Header | undefined;
  readonly finalizedNumber: bigint;
  readonly messageCount: bigint;
}

/**
 * A chain that another thread keeps: every question looks first whether it moved, so that answers are its newest and, asked
 * within one `look`, consistent. It hears of no change by itself: `refresh` is to be called when there may be one.
 */
export class ChainReader {
  readonly events = new EventEmitter<{ changed: [] }>();
  readonly file: ChainFile;
  readonly store: StoreReader;
  #commits = -1;
  #seen: Seen | undefined;
  #heads: Heads | undefined;
  #standings: ClaimStandings;

  constructor(options: { readonly chain: ChainFile }, modules: { readonly store: StoreReader }) {
    this.file = options.chain;
    this.store = modules.store;
    this.#standings = claimStandings(this.file.clocks);
    this.refresh();
  }

  heads(): Heads {
    return this.look(() => {
      this.#heads ??= headsOf(this.#seen!.headNumber, this.store.l1, this.store.blocks, this.#standings.firstOpen());
      return this.#heads;
    });
  }

  /** See `Chain.openClaims`. */
  openClaims(): number {
    return this.look(() => this.#standings.openCount());
  }

  /** See `Chain.withoutSoftEffect`. */
  withoutSoftEffect(): ReadonlySet<Hex> {
    return this.look(() => this.#standings.withoutSoftEffect(this.#seen!.cursor?.timestamp ?? 0n));
  }

  /** Reads on the newest state of the store, after whoever listens was told that it moved. */
  look<T>(read: () => T): T {
    return this.store.snapshot(() => {
      this.#catchUp();
      return read();
    });
  }

  refresh(): void {
    this.look(() => {});
  }

  #catchUp(): void {
    const commits = this.store.commits();
    if (commits === this.#commits) return;
    const before = this.#seen;
    this.#commits = commits;
    try {
      if (this.#see(before)) this.events.emit("changed");
    } catch (error) {
      // Who could not follow this change shall hear of it again.
      this.#commits = -1;
      this.#seen = undefined;
      throw error;
    }
  }

  #see(before: Seen | undefined): boolean {
    const { l1 } = this.store;
    const seen: Seen = {
      headNumber: this.store.headNumber(),
      removedCount: this.store.removedCount(),
      cursor: l1.cursor(),
      finalizedNumber: l1.finalizedNumber(),
      messageCount: l1.inbox().count,
    };
    this.#seen = seen;
    const isReplaced = seen.removedCount !== before?.removedCount;
    const isL1Moved = seen.cursor?.hash !== before?.cursor?.hash || seen.finalizedNumber !== before?.finalizedNumber;
    if (isReplaced) this.store.forget();
    if (isL1Moved) this.#readStandings(before);
    if (!isReplaced && !isL1Moved && seen.headNumber === before?.headNumber) return false;
    this.#heads = undefined;
    return true;
  }

  /** Adds what is new where L1 only grew since, and reads all anew where it forked. */
  #readStandings(before: Seen | undefined): void {
    const { l1 } = this.store;
    const last = before?.cursor;
    const hasGrown = last !== undefined && l1.originAt(last.number)?.hash === last.hash;
    if (!hasGrown) this.#standings = claimStandings(this.file.clocks);
    addStandings(this.#standings, l1, l1.claimMessages(hasGrown ? before!.messageCount : 0n));
  }
}
