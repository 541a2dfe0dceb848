import type { EventEmitter } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { Hex } from "viem";
import { Deriver } from "./derive.ts";
import { ClosedError, UnknownBlockError } from "./errors.ts";
import type { EvmCommon } from "./evm.ts";
import type { BlockTag, ExecutionEvents } from "./execution.ts";
import { genesisState } from "./genesis.ts";
import type { BlockSource } from "./source.ts";
import type { ExecutionStore } from "./store.ts";
import { claimSlot, read, resultSlot } from "./system.ts";

const NONE: ReadonlySet<Hex> = new Set();

const symmetricDifference = (a: ReadonlySet<Hex>, b: ReadonlySet<Hex>): ReadonlySet<Hex> =>
  new Set([...a, ...b].filter((claim) => a.has(claim) !== b.has(claim)));

/** The block in progress is no longer what L1 says it is. */
class GivenUp extends Error {}

export interface ProgressModules {
  readonly source: BlockSource;
  readonly store: ExecutionStore;
  readonly common: EvmCommon;
  readonly events: EventEmitter<ExecutionEvents>;
  /** Called before blocks are forgotten. */
  readonly onRollback: () => void;
}

/** How far the chain is executed: forward on demand, in slices of one transaction, and back where the source changed. */
export class Progress {
  readonly #modules: ProgressModules;
  readonly #deriver: Deriver;
  #unsubscribe = () => {};
  /** Counts rollbacks: whoever works across one starts over. */
  #generation = 0;
  /** Effective claims that are not final; asked anew when claims were judged or blocks rolled back. */
  #open: readonly Hex[] | undefined;
  /** The source's claims without soft effect that blocks stand on; undefined before this process has asked. */
  #judgedBy: ReadonlySet<Hex> | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(modules: ProgressModules) {
    this.#modules = modules;
    const { store } = modules;
    this.#deriver = new Deriver({ ...modules, openClaims: () => this.#openClaims(), pause: () => this.pauser()() });
    if (store.executedNumber() === undefined) this.#putGenesis();
  }

  /** Tells what was executed after block `told`, and undoes what the source no longer says, now and from now on. */
  begin(told = this.executedNumber()): void {
    const { source, store, events } = this.#modules;
    for (let number = told + 1n; number <= this.executedNumber(); number++)
      events.emit("executed", { number, hash: store.blockHash(number)!, receipts: store.receiptsOf(number, number) });
    this.#reconcile();
    this.#unsubscribe = source.onChange(() => this.#reconcile());
  }

  executedNumber(): bigint {
    return this.#modules.store.executedNumber()!;
  }

  async executeTo(block: BlockTag): Promise<bigint> {
    for (;;) {
      if (this.#closed) throw new ClosedError("closed", "execution was closed");
      const target = this.#resolve(block);
      if (target <= this.executedNumber()) return target;
      await this.#enqueue(() => this.#advance(target));
    }
  }

  /** Runs something that takes a while on a block's state; starts over if that state was rolled back meanwhile. */
  async onState<T>(block: BlockTag, run: (number: bigint) => Promise<T>): Promise<T> {
    for (;;) {
      const number = await this.executeTo(block);
      const generation = this.#generation;
      try {
        const result = await run(number);
        if (generation === this.#generation) return result;
      } catch (error) {
        if (generation === this.#generation) throw error;
      }
    }
  }

  isFinal(claimHash: Hex): boolean {
    const { store } = this.#modules;
    const claim = read(store, claimSlot(claimHash));
    const result = claim && read(store, resultSlot(claim.id));
    return result?.claimHash === claimHash && result.isFinal;
  }

  /** A pause that throws once what was begun before it stands on a state that no longer is. */
  pauser(): () => Promise<void> {
    const generation = this.#generation;
    return async () => {
      await setImmediate();
      if (generation !== this.#generation) throw new GivenUp();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#generation++;
    this.#unsubscribe();
    await this.#work;
  }

  #putGenesis(): void {
    const hash = this.#modules.source.genesisHash;
    const genesis = { number: 0n, hash, identity: hash };
    const none = { receipts: [], appearances: [], judged: [], taint: new Map(), inputs: new Map() };
    this.#modules.store.commitBlock(genesis, genesisState(this.#modules.source.genesis).writes(), none);
    this.#modules.store.setWithoutSoftEffect(this.#modules.source.withoutSoftEffect());
  }

  #resolve(block: BlockTag): bigint {
    const heads = this.#modules.source.heads();
    if (block === "earliest") return 0n;
    if (block === "latest" || block === "pending") return heads.latest;
    if (block === "safe") return heads.safe;
    if (block === "finalized") return heads.finalized;
    if (block > heads.latest || block < 0n)
      throw new UnknownBlockError("unknown-block", `block ${block} is not known`, {
        expected: `0 … ${heads.latest}`,
        actual: block,
      });
    return block;
  }

  #openClaims(): readonly Hex[] {
    this.#open ??= this.#modules.store.effectiveClaims().filter((claim) => !this.isFinal(claim));
    return this.#open;
  }

  /** One piece of work at a time; a failed one does not stop the next. */
  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }

  async #advance(target: bigint): Promise<void> {
    while (this.executedNumber() < target && !this.#closed) {
      const generation = this.#generation;
      const block = this.#modules.source.block(this.executedNumber() + 1n);
      if (block === undefined && this.#modules.source.heads().latest < target) return; // the head moved back
      if (block === undefined)
        throw new UnknownBlockError("missing-block", `the chain names head ${target} but has no block before it`, {
          expected: this.executedNumber() + 1n,
        });
      const check = () => {
        if (generation !== this.#generation) throw new GivenUp();
      };
      try {
        const run = await this.#deriver.derive(block, check);
        if (run.judged.length + run.standings.length > 0) this.#open = undefined;
        this.#modules.events.emit("executed", { number: block.number, hash: block.hash, receipts: run.receipts });
        for (const standing of run.standings)
          this.#modules.events.emit("result", { ...standing, number: block.number });
        for (const { transaction, fault: error } of run.faults)
          this.#modules.events.emit("fault", { number: block.number, transaction, error });
      } catch (error) {
        // After a rollback the attempt read a state that no longer is: whatever it threw means nothing.
        if (generation === this.#generation) throw error;
      }
      await setImmediate();
    }
  }

  /** Rolls back what the source no longer says: replaced blocks, and soft results whose claims fell or stand again. */
  #reconcile(): void {
    const executed = this.executedNumber();
    let last = executed;
    while (last > 0n && this.#modules.source.blockIdentity(last) !== this.#modules.store.blockIdentity(last)) last--;
    const before = this.#judgedBy ?? this.#modules.store.withoutSoftEffect();
    const now = this.#modules.source.withoutSoftEffect();
    const changed = now === before ? NONE : symmetricDifference(before, now);
    const judged = changed.size > 0 ? this.#modules.store.firstJudging(changed) : undefined;
    const rederived = judged !== undefined && judged <= last;
    if (rederived) last = judged - 1n;
    if (last < executed) this.#rollbackTo(last);
    if (changed.size > 0) {
      // A block in progress was judged by the old set.
      this.#generation++;
      this.#modules.store.setWithoutSoftEffect(now);
    }
    this.#judgedBy = now;
    if (!rederived) return;
    this.#modules.store.countRederivation();
    this.#modules.events.emit("rederived", { from: last + 1n, to: executed, claims: [...changed] });
  }

  #rollbackTo(number: bigint): void {
    this.#generation++;
    this.#open = undefined;
    this.#modules.onRollback();
    const { store, events } = this.#modules;
    const receipts = events.listenerCount("retracted") > 0 ? store.receiptsOf(number + 1n, this.executedNumber()) : [];
    store.rollbackTo(number);
    events.emit("retracted", { number, receipts });
  }
}
