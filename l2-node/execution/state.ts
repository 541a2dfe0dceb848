import type { StateKey } from "./keys.ts";

/** Values as of one block. */
export interface StateReader {
  get(key: StateKey): Uint8Array | undefined;
}

/**
 * Writes on top of a reader, with an undo journal. A block executes on one and hands `writes()` to the store; a call
 * executes on one and drops it. undefined means absent.
 */
export class WorldState implements StateReader {
  readonly #base: StateReader;
  readonly #writes = new Map<StateKey, Uint8Array | undefined>();
  readonly #journal: { key: StateKey; had: boolean; before: Uint8Array | undefined }[] = [];
  readonly #marks: number[] = [];
  /** Values at the start of the transaction, of keys it has written (EIP-2200 "original value"). */
  readonly #originals = new Map<StateKey, Uint8Array | undefined>();
  #touched: { readonly reads: Set<StateKey>; readonly writes: Set<StateKey> } | undefined;

  constructor(base: StateReader) {
    this.#base = base;
  }

  get(key: StateKey): Uint8Array | undefined {
    this.#touched?.reads.add(key);
    return this.#peek(key);
  }

  set(key: StateKey, value: Uint8Array | undefined): void {
    const before = this.#peek(key);
    if (!this.#originals.has(key)) this.#originals.set(key, before);
    this.#touched?.writes.add(key);
    if (this.#marks.length > 0) this.#journal.push({ key, had: this.#writes.has(key), before });
    this.#writes.set(key, value);
  }

  /** The value at the start of the transaction. */
  original(key: StateKey): Uint8Array | undefined {
    this.#touched?.reads.add(key);
    return this.#originals.has(key) ? this.#originals.get(key) : this.#peek(key);
  }

  /** Keys under a prefix that this transaction has written so far, reverted or not. */
  touchedUnder(prefix: string): StateKey[] {
    return [...this.#originals.keys()].filter((key) => key.startsWith(prefix));
  }

  beginTransaction(): void {
    this.#originals.clear();
  }

  checkpoint(): void {
    this.#marks.push(this.#journal.length);
  }

  commit(): void {
    this.#marks.pop();
    if (this.#marks.length === 0) this.#journal.length = 0;
  }

  revert(): void {
    const mark = this.#marks.pop() ?? 0;
    while (this.#journal.length > mark) {
      const entry = this.#journal.pop()!;
      if (entry.had) this.#writes.set(entry.key, entry.before);
      else this.#writes.delete(entry.key);
    }
  }

  /** Records which keys `run` reads and writes, reverted or not. */
  async tracking<T>(run: () => Promise<T>): Promise<{ result: T; reads: Set<StateKey>; writes: Set<StateKey> }> {
    const touched = { reads: new Set<StateKey>(), writes: new Set<StateKey>() };
    this.#touched = touched;
    try {
      return { result: await run(), ...touched };
    } finally {
      this.#touched = undefined;
    }
  }

  /** Keys written so far under a prefix, for deleting what a transaction created (EIP-6780). */
  writtenUnder(prefix: string): StateKey[] {
    return [...this.#writes.keys()].filter((key) => key.startsWith(prefix));
  }

  writes(): ReadonlyMap<StateKey, Uint8Array | undefined> {
    return this.#writes;
  }

  #peek(key: StateKey): Uint8Array | undefined {
    return this.#writes.has(key) ? this.#writes.get(key) : this.#base.get(key);
  }
}
