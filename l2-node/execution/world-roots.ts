import type { Hex } from "viem";
import { DOMAIN, type StateKey } from "./keys.ts";
import type { ExecutionStore } from "./store.ts";
import { type WorldProof, WorldTree } from "./world-root.ts";

/** World roots of executed blocks (P11.2), on demand: the tree is kept and moved from block to block. */
export class WorldRoots {
  readonly #store: ExecutionStore;
  #tree: { readonly tree: WorldTree; number: bigint } | undefined;

  constructor(store: ExecutionStore) {
    this.#store = store;
  }

  at(number: bigint): Hex {
    return this.#treeAt(number).root();
  }

  /** Proofs of keys against the root of a block. */
  proofs(
    number: bigint,
    keys: readonly StateKey[],
  ): { readonly stateRoot: Hex; readonly proofs: readonly WorldProof[] } {
    const tree = this.#treeAt(number);
    return { stateRoot: tree.root(), proofs: keys.map((key) => tree.proof(key)) };
  }

  #treeAt(number: bigint): WorldTree {
    const reader = this.#store.at(number);
    if (this.#tree === undefined) {
      this.#tree = { tree: new WorldTree(), number };
      for (const domain of [DOMAIN.account, DOMAIN.storage, DOMAIN.system])
        for (const key of this.#store.keysAt(number, domain)) this.#tree.tree.set(key, reader.get(key));
    }
    const { number: from, tree } = this.#tree;
    const [low, high] = from < number ? [from, number] : [number, from];
    for (const key of this.#store.keysChangedBetween(low, high)) tree.set(key, reader.get(key));
    this.#tree.number = number;
    return tree;
  }

  /** After a rollback: what the tree was moved by is gone. */
  forget(): void {
    this.#tree = undefined;
  }
}
