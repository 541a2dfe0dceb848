import type { Hex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { appearancesOf } from "./appearances.ts";
import { type BlockRun, BlockRunner } from "./block.ts";
import { type DnnAttempt, runDnn } from "./dnn.ts";
import { AnhEvm, type EvmCommon } from "./evm.ts";
import type { Receipt } from "./execution.ts";
import { receiptsOf } from "./receipts.ts";
import type { BlockSource, SourceBlock } from "./source.ts";
import { WorldState } from "./state.ts";
import type { ExecutionStore } from "./store.ts";
import { TaintTracker } from "./taint.ts";

/** Hash of a block for BLOCKHASH. */
export const blockHashes =
  (source: BlockSource) =>
  (number: number): Hex =>
    number === 0 ? source.genesisHash : (source.blockHash(BigInt(number)) ?? ZERO_HASH);

export interface DeriveModules {
  readonly source: BlockSource;
  readonly store: ExecutionStore;
  readonly common: EvmCommon;
  /** Effective claims that are not final: while there are none, dependencies need no following. */
  readonly openClaims: () => readonly Hex[];
  /** Called between transactions; may throw to give the block up. */
  readonly pause: () => Promise<void>;
}

/** Executes blocks one after the other and commits what they did. */
export class Deriver {
  readonly #modules: DeriveModules;
  readonly #evm: AnhEvm;
  #attempt: DnnAttempt | undefined;

  constructor(modules: DeriveModules) {
    this.#modules = modules;
    const empty = new WorldState(modules.store);
    this.#evm = new AnhEvm(modules.common, empty, blockHashes(modules.source), (call) => runDnn(this.#attempt!, call));
  }

  /** Runs the block after the last executed one. `mayCommit` is asked once, right before. */
  async derive(
    block: SourceBlock,
    mayCommit: () => void,
  ): Promise<BlockRun & { readonly receipts: readonly Receipt[] }> {
    const { source, store, openClaims, pause } = this.#modules;
    const state = new WorldState(store);
    this.#evm.world.world = state;
    const followed = openClaims().length > 0 || block.messages.some((message) => message.kind === 3 && message.soft);
    const taint = new TaintTracker(
      (key) => store.taint(key),
      () => !followed,
    );
    const run = await new BlockRunner(block, {
      state,
      evm: this.#evm,
      source,
      pause,
      setAttempt: (attempt) => {
        this.#attempt = attempt;
      },
      observe: (hash, softClaims, attempt) => taint.observe(state, hash, softClaims, attempt),
    }).run();
    mayCommit();
    const receipts = receiptsOf(block, run.finished);
    store.commitBlock(block, state.writes(), {
      receipts,
      appearances: appearancesOf(receipts, run.finished),
      judged: run.judged,
      taint: taint.changed(),
      inputs: run.inputs,
    });
    return { ...run, receipts };
  }
}
