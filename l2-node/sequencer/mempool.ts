import { EventEmitter } from "node:events";
import type { Address, Hex } from "viem";
import { lower } from "../../common/addresses.ts";
import { postedSize } from "../../common/batch.ts";
import { largerOf } from "../../common/bigint.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { parseEnvelope, type Transaction } from "../../common/transaction.ts";
import { priceWei } from "../ledger/gas.ts";
import { includable, type LedgerContext, type Refusal } from "../ledger/includable.ts";
import type { LedgerAccount, LedgerReader } from "../ledger/ledger.ts";
import { ledgerMessageOf } from "../ledger/ledger-message.ts";
import { refusalText } from "../ledger/refusal-text.ts";
import type { PoolStore } from "../store/store.ts";
import { requireNotForL1 } from "./l1-address.ts";
import { PoolError } from "./pool-error.ts";
import type { Recover } from "./recovery.ts";

export interface MempoolOptions {
  readonly maxTransactions: number;
  readonly maxPerAccount: number;
  /** Of `maxTransactions`, those that wait for a nonce before theirs: nobody knows whether it comes. */
  readonly maxGapped: number;
  /** Of the envelope, and of what it becomes when posted (P3.5). */
  readonly maxTransactionBytes: number;
}

export interface MempoolModules {
  readonly chain: ChainFile;
  readonly ledger: LedgerReader;
  readonly pool: PoolStore;
  /** Whose signature it is; rejects what no key can have made. Answers come in the order of the questions. */
  readonly recover: Recover;
  /** What the next block would be judged by. */
  readonly context: () => LedgerContext;
  /** Throws where the sender's L2 balance is known not to cover the value. Absent where the node executes nothing. */
  readonly checkValue?: (transaction: Transaction) => Promise<void>;
  /** Whether the newest executed state has code there. Absent where the node executes nothing. */
  readonly hasCode?: (address: Address) => boolean;
}

/** A replacement must raise both fees by this much, in per cent. */
const REPLACEMENT_PERCENT = 10n;

export interface MempoolEvents {
  /** A transaction was accepted, and is durable. */
  added: [Transaction];
}

/** Transactions accepted and not yet in a block: a queue by nonce per account, durable before its sender hears "yes". */
export class Mempool {
  readonly events = new EventEmitter<MempoolEvents>();
  readonly #options: MempoolOptions;
  readonly #modules: MempoolModules;
  readonly #byHash = new Map<Hex, Transaction>();
  readonly #queues = new Map<Address, Map<bigint, Transaction>>();
  /** How many of an account's are behind a gap; accounts without any are absent. */
  readonly #gapped = new Map<Address, number>();
  #gappedCount = 0;

  constructor(options: MempoolOptions, modules: MempoolModules) {
    this.#options = options;
    this.#modules = modules;
    this.events.setMaxListeners(0);
    this.readmit(modules.pool.all());
  }

  get size(): number {
    return this.#byHash.size;
  }

  get(hash: Hex): Transaction | undefined {
    return this.#byHash.get(hash);
  }

  all(): IterableIterator<Transaction> {
    return this.#byHash.values();
  }

  /** First nonce after the account's run of queued transactions: `eth_getTransactionCount` at `pending`. */
  pendingNonce(address: Address): bigint {
    let { nonce } = this.#modules.ledger.account(lower(address));
    const queue = this.#queues.get(lower(address));
    while (queue?.has(nonce)) nonce++;
    return nonce;
  }

  /** The account's transaction that would go into the next block, if its turn has come. */
  next(sender: Address, nonce: bigint): Transaction | undefined {
    return this.#queues.get(sender)?.get(nonce);
  }

  senders(): IterableIterator<Address> {
    return this.#queues.keys();
  }

  /** Accepts a raw envelope; resolves with its hash once it is durable. Throws `PoolError`, `TransactionError`, … */
  async add(given: Uint8Array): Promise<Hex> {
    // Small Buffers are windows of a pool of 8 KiB, all of which stays as long as one of them does.
    const raw = new Uint8Array(given);
    // A blob transaction is too large as well, and better refused for what it is.
    const isBlob = raw[0] === 3;
    const { maxTransactionBytes } = this.#options;
    if (!isBlob && (raw.length > maxTransactionBytes || postedSize(raw) > maxTransactionBytes))
      throw new PoolError("oversized", "oversized data: transaction is too large", {
        expected: maxTransactionBytes,
        actual: raw.length,
      });
    const transaction = await this.#parse(raw);
    requireNotForL1(transaction, this.#modules.chain, this.#modules.hasCode);
    this.#judge(transaction);
    if (this.#modules.checkValue && !this.#queues.has(transaction.sender)) {
      await this.#modules.checkValue(transaction);
      this.#judge(transaction);
    }
    this.#checkLimits(transaction);
    this.#insert(transaction);
    await this.#save(transaction);
    this.events.emit("added", transaction);
    return transaction.hash;
  }

  /** Puts transactions on disk that are about to leave the chain: what kills the node behind that does not lose them. */
  keep(transactions: readonly Transaction[]): void {
    this.#modules.pool.putNow(transactions.filter((transaction) => !this.#isTaken(transaction)));
  }

  /**
   * Takes transactions back that left the chain with their blocks, or were stored. Only a consumed nonce refuses one: what
   * paid for it may have left the chain too, and be back soon.
   */
  readmit(transactions: readonly Transaction[]): void {
    const isPast = ({ sender, nonce }: Transaction) => nonce < this.#modules.ledger.account(sender).nonce;
    const back = transactions.filter((transaction) => !isPast(transaction) && !this.#isTaken(transaction));
    for (const transaction of back) this.#insert(transaction);
    this.#modules.pool.putNow(back);
    this.#modules.pool.included(transactions.filter(isPast).map(({ hash }) => hash));
  }

  /** Forgets transactions that a block holds, or that can never be included. The store is the caller's business. */
  forget(hashes: Iterable<Hex>): void {
    for (const hash of hashes) {
      const transaction = this.#byHash.get(hash);
      if (!transaction) continue;
      this.#byHash.delete(hash);
      const queue = this.#queues.get(transaction.sender);
      queue?.delete(transaction.nonce);
      if (queue?.size === 0) this.#queues.delete(transaction.sender);
      this.#countGapped(transaction.sender);
    }
  }

  /**
   * Drops what these accounts can send no more: what did not come from here, a forced transaction perhaps, consumed the
   * nonces, or the prepaid gas that the rest was let in for.
   */
  dropPast(accounts: Iterable<Address>): void {
    const past: Hex[] = [];
    for (const account of new Set(accounts)) {
      const queue = this.#queues.get(account);
      if (!queue) continue;
      const ledger = this.#modules.ledger.account(account);
      const left = [...queue.values()].filter(({ nonce }) => nonce >= ledger.nonce);
      for (const transaction of queue.values()) if (transaction.nonce < ledger.nonce) past.push(transaction.hash);
      past.push(...unpaid(left, ledger, this.#modules.context().baseFeeWei).map(({ hash }) => hash));
      this.#countGapped(account);
    }
    if (past.length > 0) this.drop(past);
  }

  /** Drops transactions for good. */
  drop(hashes: readonly Hex[]): void {
    this.forget(hashes);
    this.#modules.pool.remove(hashes);
  }

  async #parse(raw: Uint8Array): Promise<Transaction> {
    const { chain, recover } = this.#modules;
    const { transaction, digest } = parseEnvelope(raw, chain.l2ChainId);
    // Judged by `#judge` as well; who sends one again and again is not to cost a recovery each time.
    if (this.#byHash.has(transaction.hash)) throw known(transaction.hash);
    return { ...transaction, sender: await recover({ ...transaction, digest: digest() }) };
  }

  #judge(transaction: Transaction): void {
    if (this.#byHash.has(transaction.hash)) throw known(transaction.hash);
    const account = this.#modules.ledger.account(transaction.sender);
    const queue = this.#queues.get(transaction.sender);
    const replaced = queue?.get(transaction.nonce);
    if (replaced) checkReplacement(replaced, transaction);
    const context = this.#modules.context();
    let owedWei = 0n;
    for (const other of queue?.values() ?? [])
      if (other.nonce >= account.nonce && other !== replaced) owedWei += costWei(other, context.baseFeeWei);
    // Judged as if its turn had come, and all else that is queued were paid: whatever comes in which order, an account has
    // no more in the pool than it could pay for.
    const nonce = largerOf(transaction.nonce, account.nonce);
    const sender = { ...account, nonce, prepaidWei: account.prepaidWei - owedWei };
    const { ledger } = this.#modules;
    const turn = { account: (of: Address) => (of === transaction.sender ? sender : ledger.account(of)) };
    const verdict = includable(turn, transaction, context);
    if (!verdict.ok)
      throw new PoolError(verdict.refusal.rule, refusalText(verdict.refusal), {
        expected: verdict.refusal.required,
        actual: verdict.refusal.available,
        ...this.#hintFor(verdict.refusal),
      });
  }

  #hintFor({ rule, required, available }: Refusal): { readonly hint?: string } {
    // Until it is executed, a transaction that waits is not counted at `latest`, where cast looks.
    if (rule === "nonce-too-low")
      return { hint: "while an earlier transaction waits, take the nonce at `pending` (eth_getTransactionCount)" };
    if (rule !== "insufficient-prepaid") return {};
    const { prepaidGas } = this.#modules.chain.contracts;
    return { hint: `pay in at least ${required - available} wei with PrepaidGas.deposit at ${prepaidGas} on L1` };
  }

  /** Bounds what strangers may store here; transactions that come back from a block are exempt. */
  #checkLimits(transaction: Transaction): void {
    const account = this.#modules.ledger.account(transaction.sender);
    if (transaction.nonce >= account.nonce + BigInt(this.#options.maxPerAccount))
      throw new PoolError("nonce-too-high", "nonce too high: too many transactions ahead of it", {
        expected: `below ${account.nonce + BigInt(this.#options.maxPerAccount)}`,
        actual: transaction.nonce,
      });
    if (this.#queues.get(transaction.sender)?.has(transaction.nonce)) return;
    const isGapped = transaction.nonce > this.pendingNonce(transaction.sender);
    const isFull = this.#byHash.size >= this.#options.maxTransactions;
    if (isFull || (isGapped && this.#gappedCount >= this.#options.maxGapped)) this.#makeRoom(transaction, isGapped);
  }

  /**
   * Gives way to a better price: the cheapest account tail goes, or the newcomer is refused. One whose turn can come takes
   * the place of one behind a gap whatever they pay, and never the other way round.
   */
  #makeRoom(transaction: Transaction, isGapped: boolean): void {
    let [cheapest, cheapestGapped]: (Transaction | undefined)[] = [];
    for (const [sender, queue] of this.#queues) {
      let tail: Transaction | undefined;
      for (const candidate of queue.values()) if (!tail || candidate.nonce > tail.nonce) tail = candidate;
      if (!tail || (sender === transaction.sender && tail.nonce < transaction.nonce)) continue;
      if (this.#gapped.has(sender)) cheapestGapped = cheaperOf(cheapestGapped, tail);
      else if (sender !== transaction.sender) cheapest = cheaperOf(cheapest, tail);
    }
    const victim = isGapped ? cheapestGapped : (cheapestGapped ?? cheapest);
    const isOutbid = victim !== undefined && victim.maxTipWei < transaction.maxTipWei;
    if (!isOutbid && (isGapped || victim === undefined || victim === cheapest))
      throw new PoolError("pool-full", "txpool is full", {
        expected: victim?.maxTipWei,
        actual: transaction.maxTipWei,
      });
    this.drop([victim.hash]);
  }

  #countGapped(sender: Address): void {
    const queue = this.#queues.get(sender);
    let waiting = queue?.size ?? 0;
    for (let { nonce } = this.#modules.ledger.account(sender); queue?.has(nonce); nonce++) waiting--;
    this.#gappedCount += waiting - (this.#gapped.get(sender) ?? 0);
    if (waiting > 0) this.#gapped.set(sender, waiting);
    else this.#gapped.delete(sender);
  }

  /** Its sender has put another transaction in its place since. */
  #isTaken({ sender, nonce }: Transaction): boolean {
    return this.#queues.get(sender)?.has(nonce) ?? false;
  }

  #insert(transaction: Transaction): void {
    const queue = this.#queues.get(transaction.sender) ?? new Map<bigint, Transaction>();
    const replaced = queue.get(transaction.nonce);
    if (replaced) this.drop([replaced.hash]);
    queue.set(transaction.nonce, transaction);
    this.#queues.set(transaction.sender, queue);
    this.#byHash.set(transaction.hash, transaction);
    this.#countGapped(transaction.sender);
  }

  async #save(transaction: Transaction): Promise<void> {
    try {
      await this.#modules.pool.put([transaction]);
    } catch (error) {
      this.forget([transaction.hash]);
      throw error;
    }
  }
}

const known = (hash: Hex): PoolError => new PoolError("known", "already known", { actual: hash });

const cheaperOf = (one: Transaction | undefined, other: Transaction): Transaction =>
  one === undefined || other.maxTipWei < one.maxTipWei ? other : one;

function checkReplacement(old: Transaction, transaction: Transaction): void {
  const enough = (before: bigint, now: bigint) => now * 100n >= before * (100n + REPLACEMENT_PERCENT);
  if (!enough(old.maxFeeWei, transaction.maxFeeWei) || !enough(old.maxTipWei, transaction.maxTipWei))
    throw new PoolError("underpriced", "replacement transaction underpriced", {
      expected: `both fees ${REPLACEMENT_PERCENT} % above ${old.maxFeeWei} and ${old.maxTipWei}`,
      actual: `${transaction.maxFeeWei} and ${transaction.maxTipWei}`,
    });
}

/** Prepaid wei a queued transaction will take at this base fee; a redeem's gain is not counted before it happened. */
function costWei(transaction: Transaction, baseFeeWei: bigint): bigint {
  const message = ledgerMessageOf(transaction);
  return (
    transaction.gasLimit * priceWei(transaction, baseFeeWei) + (message?.kind === "toBalance" ? message.amountWei : 0n)
  );
}

/** Those that the account cannot pay for after the ones of lower nonces, redeems counted. */
function unpaid(queued: readonly Transaction[], account: LedgerAccount, baseFeeWei: bigint): Transaction[] {
  const inOrder = queued.toSorted((a, b) => (a.nonce < b.nonce ? -1 : 1));
  let { prepaidWei, redeemedWei } = account;
  const first = inOrder.findIndex((transaction) => {
    const message = ledgerMessageOf(transaction);
    if (message?.kind === "redeem" && message.cumulativeWei > redeemedWei) {
      prepaidWei += message.cumulativeWei - redeemedWei;
      redeemedWei = message.cumulativeWei;
    }
    prepaidWei -= costWei(transaction, baseFeeWei);
    return prepaidWei < 0n;
  });
  return first < 0 ? [] : inOrder.slice(first);
}
