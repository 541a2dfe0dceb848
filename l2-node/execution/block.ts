import { generateAddress } from "@ethereumjs/util";
import { type Address, type Hex, hexToBytes } from "viem";
import { LEDGER_ADDRESS } from "../../common/addresses.ts";
import { smallerOf } from "../../common/bigint.ts";
import { hexOf, naturalBytes } from "../../common/bytes.ts";
import { FORCED_CALL_TYPE } from "../../common/forced-call.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import type { Transaction } from "../../common/transaction.ts";
import { intrinsicGas } from "../ledger/gas.ts";
import { ledgerMessageOf } from "../ledger/ledger-message.ts";
import { addBalance, readAccount, writeAccount } from "./account.ts";
import { authoritiesOf, installDelegations } from "./delegations.ts";
import { type DnnAttempt, parkRule, quoteTooHigh, type Wanted } from "./dnn.ts";
import { refundOrWait } from "./escrow.ts";
import type { AnhEvm } from "./evm.ts";
import { type Expiry, nextExpired, popExpired } from "./expiries.ts";
import { ComputationFault } from "./fault.ts";
import { consume, endOldest, type Standing } from "./messages.ts";
import { type Charged, laterEnd, nextToResume, type ParkingRefusal, park, takeToResume, waitOn } from "./parking.ts";
import { lackingWei, leavePledges, lendPledges, pledge } from "./pledges.ts";
import { type RunLog, type RunResult, runMessage } from "./run.ts";
import { type Included, settle } from "./settle.ts";
import type { BlockSource, SourceBlock } from "./source.ts";
import type { WorldState } from "./state.ts";
import { cursorSlot, type Parked, parkedSlot, read, resultSlot, write } from "./system.ts";
import type { TaskList } from "./unfinished.ts";

/** How a transaction ended. */
export interface Finished {
  readonly included: Included;
  readonly status: "success" | "failed";
  readonly chargedGas: bigint;
  readonly logs: readonly RunLog[];
  readonly createdAddress: Address | null;
  /** As in `RunResult`. */
  readonly created?: readonly Address[] | undefined;
  readonly touched?: readonly Address[] | undefined;
  readonly error?: string | undefined;
  readonly revertData?: Hex | undefined;
}

/** What a block did beside its writes. */
export interface BlockRun {
  /** The block's own transactions in order, then those it resumed or let expire. */
  readonly finished: readonly Finished[];
  readonly standings: readonly Standing[];
  readonly judged: readonly { readonly claim: Hex; readonly effective: boolean }[];
  readonly inputs: ReadonlyMap<Hex, Uint8Array>;
  /** Bugs of the node that transactions met. */
  readonly faults: readonly { readonly transaction: Hex; readonly fault: ComputationFault }[];
}

export interface BlockModules {
  readonly state: WorldState;
  readonly evm: AnhEvm;
  readonly source: BlockSource;
  /** Runs an attempt; sees what it read and wrote, for knowing what depends on open results. */
  readonly observe: (hash: Hex, softClaims: ReadonlySet<Hex>, run: () => Promise<RunResult>) => Promise<RunResult>;
  /** Called between transactions, so that a long block does not hold up queries; may throw to give the block up. */
  readonly pause: () => Promise<void>;
  /** The attempt in progress, which the EVM's precompile answers to. */
  readonly setAttempt: (attempt: DnnAttempt) => void;
}

function consumeNonce(state: WorldState, { sender, nonce }: Transaction): void {
  const account = readAccount(state, sender);
  if (nonce + 1n > account.nonce) writeAccount(state, sender, { ...account, nonce: nonce + 1n });
}

/** What an escrow that lapses and a void task count for in a block, and a transaction that had ended before its turn (P12.5). */
const EXPIRY_GAS = 21_000n;

/** The tasks that end, if it is void ones that are due. */
function voidList({ kind, word }: Expiry): TaskList | undefined {
  if (kind === "inferences") return { kind: TASK_KIND.infer, modelId: word };
  return kind === "evaluations" ? { kind: TASK_KIND.evaluate, modelId: word } : undefined;
}

/** Executes one block: messages, expiries, resumptions, then its own transactions (P12.1). */
export class BlockRunner {
  readonly #block: SourceBlock;
  readonly #modules: BlockModules;
  readonly #inputs = new Map<Hex, Uint8Array>();
  /** Ended by a cancel of this block. */
  readonly #cancelled: Finished[] = [];
  readonly #faults: { transaction: Hex; fault: ComputationFault }[] = [];

  constructor(block: SourceBlock, modules: BlockModules) {
    this.#block = block;
    this.#modules = modules;
  }

  async run(): Promise<BlockRun> {
    const { state, source } = this.#modules;
    const { number, inboxCount, timestamp, messages } = this.#block;
    write(state, cursorSlot(), { number, inboxCount });
    const context = { state, timestamp, withoutSoftEffect: source.withoutSoftEffect(), standings: [], judged: [] };
    for (const message of messages) consume(context, message);
    const later = [...this.#expire(), ...(await this.#resume())];
    const own = await this.#runOwn();
    const { standings, judged } = context;
    return { finished: this.#inOrder(own, later), standings, judged, inputs: this.#inputs, faults: this.#faults };
  }

  /**
   * Earliest first, up to one block gas limit (P12.5): who lets thousands wait for one moment holds up no block. A waiting
   * transaction whose result is there, if only by this very block, does not expire: it resumes.
   */
  #expire(): Finished[] {
    const { state } = this.#modules;
    const { timestamp, gasLimit } = this.#block;
    const finished: Finished[] = [];
    let gas = 0n;
    for (let next = nextExpired(state, timestamp); next !== undefined; next = nextExpired(state, timestamp)) {
      const parked = next.kind === "parked" ? read(state, parkedSlot(next.word)) : undefined;
      const isDue = parked?.expiresAt === next.at && read(state, resultSlot(parked.id)) === undefined;
      const later = isDue ? laterEnd(state, parked, timestamp) : undefined;
      const fails = isDue && later === undefined;
      gas += fails ? this.#includedOf(parked).entry.transaction.gasLimit : EXPIRY_GAS;
      if (gas > gasLimit) return finished;
      const list = voidList(next);
      if (list !== undefined && endOldest(state, list, timestamp)) continue;
      popExpired(state, timestamp);
      if (next.kind === "escrow") refundOrWait(state, next.word, timestamp);
      if (later !== undefined) waitOn(state, next.word, { ...(parked as Parked), expiresAt: later });
      if (!fails) continue;
      write(state, parkedSlot(next.word), undefined);
      finished.push(this.#giveUp(next.word, parked, `no result of ${parked.id} in time`));
    }
    return finished;
  }

  /** Oldest results first, up to one block gas limit. */
  async #resume(): Promise<Finished[]> {
    const { state } = this.#modules;
    const finished: Finished[] = [];
    let gas = 0n;
    for (;;) {
      const next = nextToResume(state);
      if (next === undefined) return finished;
      const { hash, parked } = next;
      const included = parked && this.#includedOf(parked);
      gas += included?.entry.transaction.gasLimit ?? EXPIRY_GAS;
      if (gas > this.#block.gasLimit) return finished;
      takeToResume(state, next);
      if (parked === undefined || included === undefined) continue;
      write(state, parkedSlot(hash), undefined);
      const outcome = await this.#attempt(included, parked);
      if (outcome !== undefined) finished.push(outcome);
      await this.#modules.pause();
    }
  }

  async #runOwn(): Promise<Finished[]> {
    const finished: Finished[] = [];
    for (const [position, entry] of this.#block.transactions.entries()) {
      if (entry.status === "skipped") continue;
      const outcome = await this.#include({ block: this.#block, position, entry });
      if (outcome !== undefined) finished.push(outcome);
      await this.#modules.pause();
    }
    return finished;
  }

  /** First attempt, at the inclusion position: consumes the nonce whatever happens (P12.2). */
  async #include(included: Included): Promise<Finished | undefined> {
    const { state } = this.#modules;
    const { transaction } = included.entry;
    if (transaction.type !== FORCED_CALL_TYPE) consumeNonce(state, transaction);
    // They stay, whatever becomes of the rest. What is refunded for them counts in this attempt only (P12.9).
    const refundGas = installDelegations(state, included.entry.delegations ?? []);
    const usedGas = intrinsicGas(transaction);
    if (transaction.to !== LEDGER_ADDRESS) return this.#attempt(included, { usedGas, quoteGas: 0n }, refundGas);
    const message = ledgerMessageOf(transaction);
    if (message?.kind === "toBalance") addBalance(state, transaction.sender, message.amountWei);
    if (message?.kind === "cancel" && !this.#cancel(transaction.sender, message.transaction))
      return this.#fail(included, usedGas, 0n, `${message.transaction} is not parked, or not this sender's`);
    const chargedGas = settle(state, included, usedGas, 0n);
    return { included, status: "success", chargedGas, logs: [], createdAddress: null };
  }

  /** A parked transaction fails at its sender's word, as if it had expired (P12.10); queues and expiries skip it later. */
  #cancel(sender: Address, hash: Hex): boolean {
    const { state } = this.#modules;
    const parked = read(state, parkedSlot(hash));
    const included = parked && this.#includedOf(parked);
    if (parked === undefined || included?.entry.transaction.sender !== sender) return false;
    write(state, parkedSlot(hash), undefined);
    this.#cancelled.push(this.#giveUp(hash, parked, "cancelled by its sender"));
    return true;
  }

  /** A parked transaction that has no further attempt. */
  #giveUp(hash: Hex, parked: Parked, error: string): Finished {
    leavePledges(this.#modules.state, hash, parked.pledged, this.#block.timestamp);
    return this.#fail(this.#includedOf(parked), parked.usedGas, parked.quoteGas, error);
  }

  /** The block's own, by their places, then those of other blocks that ended here. */
  #inOrder(own: readonly Finished[], later: readonly Finished[]): Finished[] {
    const { number } = this.#block;
    const isOwn = ({ included }: Finished): boolean => included.block.number === number;
    const here = [...own, ...this.#cancelled.filter(isOwn)].sort((a, b) => a.included.position - b.included.position);
    return [...here, ...later, ...this.#cancelled.filter((finished) => !isOwn(finished))];
  }

  /** Runs a transaction with the gas it has left; undefined if it parked. */
  async #attempt(included: Included, charged: Charged, delegationRefundGas = 0n): Promise<Finished | undefined> {
    const { state, evm } = this.#modules;
    const { transaction, priceWei, dataGas } = included.entry;
    const attempt = this.#dnnAttempt(included);
    this.#modules.setAttempt(attempt);
    const { pledged = [] } = charged;
    lendPledges(state, transaction.hash, pledged);
    state.checkpoint();
    const result = await this.#modules.observe(transaction.hash, attempt.softClaims, () =>
      runMessage(
        evm,
        {
          from: transaction.sender,
          to: transaction.to,
          nonce: transaction.nonce,
          valueWei: transaction.valueWei,
          data: transaction.data,
          gasLimit: transaction.gasLimit - dataGas - charged.quoteGas - charged.usedGas,
          priceWei,
          accessList: transaction.accessList,
          authorities: authoritiesOf(transaction),
        },
        this.#block,
      ),
    );
    for (const fault of attempt.faults) this.#faults.push({ transaction: transaction.hash, fault });
    const usedGas = charged.usedGas + result.gasUsed;
    const owed = result.status === "success" ? pledged.find((id) => lackingWei(state, id) > 0n) : undefined;
    if (owed === undefined) state.commit();
    else state.revert();
    if (result.status === "aborted") return this.#park(included, attempt, { ...charged, usedGas });
    this.#settlePledges(transaction, pledged);
    if (owed !== undefined)
      return this.#fail(
        included,
        usedGas,
        charged.quoteGas,
        `did not pay for ${owed}, which it had asked for before it waited`,
      );
    // EIP-3529, over everything the transaction's attempts used.
    const refundGas = smallerOf(result.refundGas + delegationRefundGas, usedGas / 5n);
    return {
      included,
      status: result.status === "success" ? "success" : "failed",
      chargedGas: settle(state, included, usedGas - refundGas, charged.quoteGas),
      logs: result.logs,
      createdAddress: result.createdAddress,
      created: result.created,
      touched: result.touched,
      error: result.error,
      revertData: result.status === "revert" ? result.output : undefined,
    };
  }

  /** What an attempt that ended its transaction was lent for trainings, and did not pay, is pledged again, for good. */
  #settlePledges(transaction: Transaction, ids: readonly Hex[]): void {
    const { state } = this.#modules;
    pledge(state, transaction, ids);
    leavePledges(state, transaction.hash, ids, this.#block.timestamp);
  }

  #park(included: Included, attempt: DnnAttempt, charged: Charged): Finished | undefined {
    const { state } = this.#modules;
    const wanted = attempt.wanted!;
    state.checkpoint();
    const refusal = this.#parkOrFault(included, wanted, charged);
    if (refusal === undefined) {
      state.commit();
      if (wanted.input !== undefined) this.#inputs.set(wanted.inputRoot, wanted.input);
      return undefined;
    }
    state.revert();
    this.#settlePledges(included.entry.transaction, charged.pledged ?? []);
    return this.#refuse(included, wanted.task, charged, refusal);
  }

  /** As the precompile does: a bug that every node meets halts the transaction, and not the chain. */
  #parkOrFault(included: Included, wanted: Wanted, charged: Charged): ParkingRefusal | ComputationFault | undefined {
    try {
      return park(this.#modules.state, included, wanted, charged, this.#block.timestamp);
    } catch (error) {
      if (error instanceof ComputationFault) return error;
      throw error;
    }
  }

  #refuse(
    included: Included,
    { id, modelId }: Task,
    { usedGas, quoteGas }: Charged,
    refusal: ParkingRefusal | ComputationFault,
  ): Finished {
    const { hash, gasLimit } = included.entry.transaction;
    if (refusal instanceof ComputationFault) {
      this.#faults.push({ transaction: hash, fault: refusal });
      return this.#fail(included, gasLimit, quoteGas, refusal.message);
    }
    if (refusal.reason === "gas") return this.#fail(included, gasLimit, quoteGas, `not enough gas to wait for ${id}`);
    const revertData = quoteTooHigh(refusal.quoteWei);
    const words =
      refusal.reason === "quote"
        ? `computing ${id} costs ${refusal.quoteWei} wei more than the gas left pays`
        : `training ${modelId} in the transaction that uses it takes ${refusal.quoteWei} wei, more than its value`;
    return { ...this.#fail(included, usedGas, quoteGas, words), revertData };
  }

  #fail(included: Included, evmGas: bigint, quoteGas: bigint, error: string): Finished {
    const chargedGas = settle(this.#modules.state, included, evmGas, quoteGas);
    return { included, status: "failed", chargedGas, logs: [], createdAddress: null, error };
  }

  #includedOf({ blockNumber, position }: Parked): Included {
    const block = this.#modules.source.block(blockNumber);
    const entry = block?.transactions[position];
    if (block === undefined || entry?.status !== "included")
      throw new Error(`block ${blockNumber} has no transaction ${position}, which is parked`);
    return { block, position, entry };
  }

  #dnnAttempt({ entry: { transaction } }: Included): DnnAttempt {
    const { sender, nonce, to, accessList } = transaction;
    const target = to ?? hexOf(generateAddress(hexToBytes(sender), naturalBytes(nonce)));
    return {
      state: this.#modules.state,
      chainId: this.#modules.source.chainId,
      minWindowSeconds: this.#modules.source.minWindowSeconds,
      blockNumber: this.#block.number,
      timestamp: this.#block.timestamp,
      mayPark: parkRule(
        target,
        accessList.map((entry) => entry.address),
      ),
      assumed: new Map(),
      wanted: undefined,
      softClaims: new Set(),
      faults: [],
    };
  }
}
