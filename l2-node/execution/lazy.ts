import { EventEmitter } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { Address, Hex } from "viem";
import { lower, OUTBOX_ADDRESS } from "../../common/addresses.ts";
import { hexOf } from "../../common/bytes.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { readAccount, readCode } from "./account.ts";
import { type CallContext, call, createAccessList, estimateGas } from "./call.ts";
import { creditProof, creditsRoot } from "./credits.ts";
import { blockHashes, Deriver } from "./derive.ts";
import { ClosedError, UnknownBlockError } from "./errors.ts";
import { type EvmCommon, evmCommon } from "./evm.ts";
import type {
  BlockRoots,
  BlockTag,
  CallRequest,
  Execution,
  ExecutionEvents,
  LogFilter,
  LogRecord,
  StateOverrides,
  TransactionStatus,
  UncertaintySubject,
} from "./execution.ts";
import { genesisState } from "./genesis.ts";
import { demands, jobRecord, jobRecords, parkedById } from "./jobs.ts";
import { accountKey, storageKey } from "./keys.ts";
import { outboxProof, outboxRoot, WITHDRAWN_TOPIC, withdrawalLeaf, withdrawalOf } from "./outbox.ts";
import { matches } from "./receipts.ts";
import type { RunBlock } from "./run.ts";
import type { ShapeSource } from "./shapes.ts";
import type { BlockSource } from "./source.ts";
import type { StateReader } from "./state.ts";
import { ExecutionStore } from "./store.ts";
import {
  accountantFeesSlot,
  claimSlot,
  computeSlot,
  creditSlot,
  parkedSlot,
  read,
  readNatural,
  resultSlot,
} from "./system.ts";
import { transactionTaint } from "./taint.ts";
import { WorldRoots } from "./world-roots.ts";

/** The block in progress is no longer what L1 says it is. */
class GivenUp extends Error {}

export interface LazyExecutionOptions {
  /** SQLite file, or ":memory:". */
  readonly path: string;
}

export interface LazyExecutionModules {
  readonly source: BlockSource;
  /** Makes estimates exact and wrong inputs known before they are sent; nothing depends on it. */
  readonly shapeOf?: ShapeSource;
}

/** `Execution` in the main thread, in slices of one transaction. */
export class LazyExecution implements Execution {
  readonly events = new EventEmitter<ExecutionEvents>();
  readonly #source: BlockSource;
  readonly #shapeOf: ShapeSource;
  readonly #store: ExecutionStore;
  readonly #common: EvmCommon;
  readonly #deriver: Deriver;
  readonly #roots: WorldRoots;
  readonly #unsubscribe: () => void;
  /** Counts rollbacks: whoever works across one starts over. */
  #generation = 0;
  /** Effective claims that are not final; asked anew when claims were judged or blocks rolled back. */
  #open: readonly Hex[] | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: LazyExecutionOptions, { source, shapeOf = async () => undefined }: LazyExecutionModules) {
    this.#source = source;
    this.#shapeOf = shapeOf;
    this.#store = new ExecutionStore(options.path, `${source.chainId}:${source.genesisHash}`);
    this.#common = evmCommon(source.chainId);
    this.#roots = new WorldRoots(this.#store);
    this.#deriver = new Deriver({
      source,
      store: this.#store,
      common: this.#common,
      openClaims: () => this.#openClaims(),
      pause: () => this.#pause(),
    });
    if (this.#store.executedNumber() === undefined) this.#putGenesis();
    this.#reconcile();
    this.#unsubscribe = source.onChange(() => this.#reconcile());
  }

  executedNumber(): bigint {
    return this.#store.executedNumber()!;
  }

  rederivedCount(): number {
    return this.#store.rederivedCount();
  }

  async executeTo(block: BlockTag): Promise<bigint> {
    for (;;) {
      if (this.#closed) throw new ClosedError("closed", "execution was closed");
      const target = this.#resolve(block);
      if (target <= this.executedNumber()) return target;
      await this.#enqueue(() => this.#advance(target));
    }
  }

  async account(address: Address, block: BlockTag) {
    return readAccount(await this.#reader(block), lower(address));
  }

  async code(address: Address, block: BlockTag): Promise<Hex> {
    return hexOf(readCode(await this.#reader(block), lower(address)));
  }

  async storage(address: Address, slot: Hex, block: BlockTag): Promise<Hex> {
    const value = (await this.#reader(block)).get(storageKey(lower(address), slot));
    return value === undefined ? ZERO_HASH : hexOf(value);
  }

  async call(request: CallRequest, block: BlockTag, overrides: StateOverrides = {}) {
    return this.#onState(block, (context) => call(context, request, overrides));
  }

  async estimateGas(request: CallRequest, block: BlockTag, overrides: StateOverrides = {}) {
    return this.#onState(block, (context) => estimateGas(context, request, overrides));
  }

  async createAccessList(request: CallRequest, block: BlockTag) {
    return this.#onState(block, (context) => createAccessList(context, request));
  }

  async receipt(transactionHash: Hex) {
    await this.executeTo("latest");
    return this.#store.receipt(transactionHash);
  }

  async blockReceipts(number: bigint) {
    await this.executeTo(number);
    return this.#store.receiptsOf(number, number);
  }

  async logs(filter: LogFilter): Promise<readonly LogRecord[]> {
    await this.executeTo(filter.toBlock);
    const addresses = (filter.addresses ?? []).map(lower);
    return this.#store
      .blocksWithLogs(filter.fromBlock, filter.toBlock, addresses)
      .flatMap((number) => this.#store.receiptsOf(number, number))
      .flatMap((receipt) => receipt.logs)
      .filter((log) => matches(log, { ...filter, addresses }));
  }

  async status(transactionHash: Hex): Promise<TransactionStatus | undefined> {
    await this.executeTo("latest");
    const parked = read(this.#store, parkedSlot(transactionHash));
    if (parked !== undefined) {
      const { id, blockNumber: sinceBlock, expiresAt, usedGas, quoteGas } = parked;
      return { state: "parked", id, sinceBlock, expiresAt, usedGas, quoteGas };
    }
    const receipt = this.#store.receipt(transactionHash);
    if (receipt === undefined) return undefined;
    const open = this.#openOf(transactionTaint(transactionHash));
    const { blockNumber } = receipt;
    return open.length > 0 ? { state: "soft", blockNumber, open } : { state: "final", blockNumber };
  }

  async parked() {
    return [...parkedById(this.#store, await this.executeTo("latest")).values()].flat();
  }

  async demands() {
    return demands(this.#store, await this.executeTo("latest"));
  }

  async jobs() {
    return jobRecords(this.#store, await this.executeTo("latest"));
  }

  async job(id: Hex) {
    return jobRecord(this.#store, await this.executeTo("latest"), id);
  }

  async inputBytes(root: Hex) {
    await this.executeTo("latest");
    return this.#store.input(root);
  }

  async computeBalance(account: Address, block: BlockTag) {
    return readNatural(await this.#reader(block), computeSlot(lower(account)));
  }

  async credit(account: Address, block: BlockTag) {
    return readNatural(await this.#reader(block), creditSlot(lower(account)));
  }

  async creditProof(account: Address, block: BlockTag) {
    return creditProof(this.#store, await this.executeTo(block), lower(account));
  }

  async withdrawals(account?: Address) {
    const toBlock = await this.executeTo("latest");
    return (await this.#withdrawalsUpTo(toBlock)).filter(
      ({ from }) => account === undefined || from === lower(account),
    );
  }

  async withdrawalProof(index: bigint, block: BlockTag) {
    const number = await this.executeTo(block);
    const withdrawals = await this.#withdrawalsUpTo(number);
    const withdrawal = withdrawals[Number(index)];
    if (withdrawal === undefined) return undefined;
    const { blockNumber: _, ...record } = withdrawal;
    const leaves = withdrawals.map(withdrawalLeaf);
    return {
      withdrawal: record,
      leaf: withdrawalLeaf(record),
      proof: outboxProof(leaves, Number(index)),
      outboxRoot: outboxRoot(this.#store.at(number)),
    };
  }

  async stateRoot(block: BlockTag): Promise<Hex> {
    return this.#roots.at(await this.executeTo(block));
  }

  async roots(block: BlockTag): Promise<BlockRoots> {
    const number = await this.executeTo(block);
    return {
      number,
      headerHash: this.#store.blockHash(number)!,
      stateRoot: this.#roots.at(number),
      outboxRoot: outboxRoot(this.#store.at(number)),
      creditsRoot: creditsRoot(this.#store, number),
      accountantFeesWei: readNatural(this.#store.at(number), accountantFeesSlot()),
    };
  }

  async accountantFeesWei(block: BlockTag) {
    return readNatural(await this.#reader(block), accountantFeesSlot());
  }

  async uncertainty(subject: UncertaintySubject): Promise<readonly Hex[]> {
    await this.executeTo("latest");
    if ("transaction" in subject) return this.#openOf(transactionTaint(subject.transaction));
    const account = lower(subject.account);
    return this.#openOf("slot" in subject ? storageKey(account, subject.slot) : accountKey(account));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#generation++;
    this.#unsubscribe();
    await this.#work;
    this.#store.close();
  }

  #putGenesis(): void {
    const hash = this.#source.genesisHash;
    const genesis = { number: 0n, hash, identity: hash };
    const none = { receipts: [], judged: [], taint: new Map(), inputs: new Map() };
    this.#store.commitBlock(genesis, genesisState(this.#source.genesis).writes(), none);
    this.#store.setOverturned(this.#source.overturned());
  }

  #resolve(block: BlockTag): bigint {
    const heads = this.#source.heads();
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
    this.#open ??= this.#store.effectiveClaims().filter((claim) => !this.#isFinal(claim));
    return this.#open;
  }

  #isFinal(claimHash: Hex): boolean {
    const claim = read(this.#store, claimSlot(claimHash));
    const result = claim && read(this.#store, resultSlot(claim.id));
    return result?.claimHash === claimHash && result.isFinal;
  }

  #openOf(key: string): Hex[] {
    return this.#store.taint(key).filter((claim) => !this.#isFinal(claim));
  }

  async #reader(block: BlockTag): Promise<StateReader> {
    return this.#store.at(await this.executeTo(block));
  }

  /** Runs a call on a block's state; starts over if that state was rolled back meanwhile. */
  async #onState<T>(block: BlockTag, run: (context: CallContext) => Promise<T>): Promise<T> {
    for (;;) {
      const number = await this.executeTo(block);
      const generation = this.#generation;
      try {
        const result = await run({
          reader: this.#store.at(number),
          block: this.#runBlock(number),
          chainId: this.#source.chainId,
          common: this.#common,
          hashOfBlock: blockHashes(this.#source),
          shapeOf: this.#shapeOf,
        });
        if (generation === this.#generation) return result;
      } catch (error) {
        if (generation === this.#generation || this.#closed) throw error;
      }
    }
  }

  #runBlock(number: bigint): RunBlock {
    return this.#source.block(number) ?? this.#source.genesisBlock;
  }

  async #withdrawalsUpTo(toBlock: bigint) {
    const filter = { fromBlock: 0n, toBlock, addresses: [OUTBOX_ADDRESS], topics: [WITHDRAWN_TOPIC] };
    return (await this.logs(filter)).map((log) => ({
      ...withdrawalOf(log, this.#source.chainId),
      blockNumber: log.blockNumber,
    }));
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
      const block = this.#source.block(this.executedNumber() + 1n);
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
        this.events.emit("executed", { number: block.number, hash: block.hash });
        for (const standing of run.standings) this.events.emit("result", { ...standing, number: block.number });
      } catch (error) {
        // After a rollback the attempt read a state that no longer is: whatever it threw means nothing.
        if (generation === this.#generation) throw error;
      }
      await setImmediate();
    }
  }

  async #pause(): Promise<void> {
    const generation = this.#generation;
    await setImmediate();
    if (generation !== this.#generation) throw new GivenUp();
  }

  /** Rolls back what the source no longer says: replaced blocks, and soft results whose claims fell or stand again. */
  #reconcile(): void {
    const executed = this.executedNumber();
    let last = executed;
    while (last > 0n && this.#source.blockIdentity(last) !== this.#store.blockIdentity(last)) last--;
    const before = this.#store.overturned();
    const now = this.#source.overturned();
    const changed = new Set([...before, ...now].filter((claim) => before.has(claim) !== now.has(claim)));
    const judged = changed.size > 0 ? this.#store.firstJudging(changed) : undefined;
    const rederived = judged !== undefined && judged <= last;
    if (rederived) last = judged - 1n;
    if (last < executed) this.#rollbackTo(last);
    if (changed.size > 0) {
      // A block in progress was judged by the old set.
      this.#generation++;
      this.#store.setOverturned(now);
    }
    if (!rederived) return;
    this.#store.countRederivation();
    this.events.emit("rederived", { from: last + 1n, to: executed, claims: [...changed] });
  }

  #rollbackTo(number: bigint): void {
    this.#generation++;
    this.#open = undefined;
    this.#roots.forget();
    this.#store.rollbackTo(number);
  }
}
