import { EventEmitter } from "node:events";
import type { Address, Hex } from "viem";
import { lower, OUTBOX_ADDRESS } from "../../common/addresses.ts";
import { hexOf } from "../../common/bytes.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { readAccount, readCode } from "./account.ts";
import { type CallContext, call, createAccessList, estimateGas, traceCall, within } from "./call.ts";
import { creditProof, creditsRoot } from "./credits.ts";
import { blockHashes } from "./derive.ts";
import { type EvmCommon, evmCommon } from "./evm.ts";
import type {
  BlockOverrides,
  BlockRoots,
  BlockTag,
  CallRequest,
  Execution,
  ExecutionEvents,
  LogFilter,
  LogRecord,
  StateOverrides,
  StateProof,
  TransactionStatus,
  UncertaintySubject,
} from "./execution.ts";
import { demands, jobRecord, jobRecords, parkedById } from "./jobs.ts";
import { accountKey, storageKey } from "./keys.ts";
import { outboxProof, outboxRoot, WITHDRAWN_TOPIC, withdrawalLeaf, withdrawalOf } from "./outbox.ts";
import { Progress } from "./progress.ts";
import { matches } from "./receipts.ts";
import type { RunBlock } from "./run.ts";
import type { ShapeSource } from "./shapes.ts";
import { openSimulation, type Simulation, type SimulationOptions } from "./simulate.ts";
import type { BlockSource } from "./source.ts";
import type { StateReader } from "./state.ts";
import { ExecutionStore } from "./store.ts";
import { accountantFeesSlot, computeSlot, creditSlot, parkedSlot, read, readNatural } from "./system.ts";
import { transactionTaint } from "./taint.ts";
import { replayBlock } from "./trace/replay.ts";
import type { TraceOptions } from "./trace/tracer.ts";
import { WorldRoots } from "./world-roots.ts";

export interface LazyExecutionOptions {
  /** SQLite file, or ":memory:". */
  readonly path: string;
  /** The last block of this state that whoever listens has heard of; they are told of later ones while it opens. */
  readonly told?: bigint;
}

export interface LazyExecutionModules {
  readonly source: BlockSource;
  /** Makes estimates exact and wrong inputs known before they are sent; nothing depends on it. */
  readonly shapeOf?: ShapeSource;
  /** Where whoever listens to it already hears of what opening does: blocks that no longer are get rolled back. */
  readonly events?: EventEmitter<ExecutionEvents>;
}

/** `Execution` over a chain, in the thread of whoever made it. */
export class LazyExecution implements Execution {
  readonly events: EventEmitter<ExecutionEvents>;
  readonly #source: BlockSource;
  readonly #shapeOf: ShapeSource;
  readonly #store: ExecutionStore;
  readonly #common: EvmCommon;
  readonly #progress: Progress;
  readonly #roots: WorldRoots;

  constructor(options: LazyExecutionOptions, modules: LazyExecutionModules) {
    const { source, shapeOf = async () => undefined, events = new EventEmitter() } = modules;
    this.events = events;
    // Filters and subscriptions listen, one each.
    this.events.setMaxListeners(0);
    this.#source = source;
    this.#shapeOf = shapeOf;
    this.#store = new ExecutionStore(options.path, `${source.chainId}:${source.genesisHash}`);
    this.#common = evmCommon(source.chainId);
    this.#roots = new WorldRoots(this.#store);
    this.#progress = new Progress({
      source,
      store: this.#store,
      common: this.#common,
      events,
      onRollback: () => this.#roots.forget(),
    });
    this.#progress.begin(options.told);
  }

  executedNumber(): bigint {
    return this.#progress.executedNumber();
  }

  rederivedCount(): number {
    return this.#store.rederivedCount();
  }

  knownAccount(address: Address) {
    return readAccount(this.#store, lower(address));
  }

  executeTo(block: BlockTag): Promise<bigint> {
    return this.#progress.executeTo(block);
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

  async call(
    request: CallRequest,
    block: BlockTag,
    overrides: StateOverrides = {},
    blockOverrides: BlockOverrides = {},
  ) {
    return this.#onState(block, (context) => call(within(context, blockOverrides), request, overrides));
  }

  async estimateGas(request: CallRequest, block: BlockTag, overrides: StateOverrides = {}) {
    return this.#onState(block, (context) => estimateGas(context, request, overrides));
  }

  async createAccessList(request: CallRequest, block: BlockTag) {
    return this.#onState(block, (context) => createAccessList(context, request));
  }

  async traceBlock(number: bigint, options: TraceOptions, only?: Hex) {
    const modules = { source: this.#source, store: this.#store, common: this.#common };
    return this.#progress.onState(number, (at) =>
      replayBlock({ ...modules, pause: this.#progress.pauser() }, at, options, only),
    );
  }

  async traceCall(
    request: CallRequest,
    block: BlockTag,
    options: TraceOptions,
    overrides: StateOverrides = {},
    blockOverrides: BlockOverrides = {},
  ) {
    return this.#onState(block, (context) => traceCall(within(context, blockOverrides), request, overrides, options));
  }

  async simulate<T>(block: BlockTag, options: SimulationOptions, run: (simulation: Simulation) => Promise<T>) {
    return this.#onState(block, (context) => run(openSimulation(context, options)));
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
    const wanted = { ...filter, addresses: (filter.addresses ?? []).map(lower) };
    return this.#store
      .receiptsWithLogs(wanted)
      .flatMap((receipt) => receipt.logs)
      .filter((log) => matches(log, wanted));
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

  async appearances(address: Address, from: bigint, direction: "before" | "after", count: number) {
    await this.executeTo("latest");
    return this.#store.appearances(lower(address), from, direction, count);
  }

  async sent(address: Address, nonce: bigint) {
    await this.executeTo("latest");
    return this.#store.sent(lower(address), nonce);
  }

  async creation(address: Address) {
    await this.executeTo("latest");
    return this.#store.creation(lower(address));
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

  async stateProof(address: Address, slots: readonly Hex[], block: BlockTag): Promise<StateProof> {
    const number = await this.executeTo(block);
    const reader = this.#store.at(number);
    const keys = [accountKey(address), ...slots.map((slot) => storageKey(address, slot))];
    const { stateRoot, proofs } = this.#roots.proofs(number, keys);
    return {
      number,
      stateRoot,
      account: readAccount(reader, address),
      accountProof: proofs[0]!,
      slots: slots.map((slot, i) => ({ slot, value: reader.get(keys[i + 1]!), proof: proofs[i + 1]! })),
    };
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
    await this.#progress.close();
    this.#store.close();
  }

  #openOf(key: string): Hex[] {
    return this.#store.taint(key).filter((claim) => !this.#progress.isFinal(claim));
  }

  async #reader(block: BlockTag): Promise<StateReader> {
    return this.#store.at(await this.executeTo(block));
  }

  #onState<T>(block: BlockTag, run: (context: CallContext) => Promise<T>): Promise<T> {
    return this.#progress.onState(block, (number) =>
      run({
        reader: this.#store.at(number),
        block: this.#runBlock(number),
        chainId: this.#source.chainId,
        minWindowSeconds: this.#source.minWindowSeconds,
        common: this.#common,
        hashOfBlock: blockHashes(this.#source),
        shapeOf: this.#shapeOf,
      }),
    );
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
}
