import type { Hex } from "viem";
import type { StateKey } from "./keys.ts";
import type { WorldState } from "./state.ts";

/** Where a transaction's own dependencies are kept. */
export const transactionTaint = (hash: Hex): string => `tx:${hash}`;

/**
 * Follows which open results values depend on: a transaction depends on the soft claims it used and on whatever the keys it
 * read depended on, and so does all it wrote. What it did *not* write because of a result is not followed, nor are fees.
 */
export class TaintTracker {
  readonly #known: (key: string) => readonly Hex[];
  readonly #changed = new Map<string, readonly Hex[]>();
  /** Nothing is open: there is nothing to follow. */
  readonly #idle: () => boolean;

  constructor(known: (key: string) => readonly Hex[], idle: () => boolean) {
    this.#known = known;
    this.#idle = idle;
  }

  changed(): ReadonlyMap<string, readonly Hex[]> {
    return this.#changed;
  }

  async observe<T>(state: WorldState, hash: Hex, softClaims: ReadonlySet<Hex>, run: () => Promise<T>): Promise<T> {
    if (this.#idle()) return run();
    const { result, reads, writes } = await state.tracking(run);
    const claims = new Set(softClaims);
    for (const key of reads) for (const claim of this.#of(key)) claims.add(claim);
    const all = [...claims].sort();
    for (const key of writes) this.#set(key, all);
    this.#set(transactionTaint(hash), all);
    return result;
  }

  #of(key: StateKey): readonly Hex[] {
    return this.#changed.get(key) ?? this.#known(key);
  }

  #set(key: string, claims: readonly Hex[]): void {
    if (claims.length > 0 || this.#of(key).length > 0) this.#changed.set(key, claims);
  }
}
