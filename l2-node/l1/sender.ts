import { type Address, type Hex, keccak256, numberToHex, type PublicClient, type TransactionReceipt } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { smallerOf } from "../../common/bigint.ts";
import { MAX_TRANSACTION_GAS } from "../../common/gas.ts";
import { partlyRefused } from "../../verifier/l1/send-by-all.ts";
import { bumped, EIGHTH_MORE, grows, MOST, MOST_URGENT, TWICE } from "./bump.ts";
import { CalldataPendingError, L1TransactionError } from "./errors.ts";
import { EMPTY_SIDECAR, type Sidecar, withSidecar } from "./sidecar.ts";

export interface SenderOptions {
  readonly privateKey: Hex;
  readonly l1ChainId: bigint;
  /** A transaction not mined by then is sent again with higher fees. */
  readonly bumpAfterMs: number;
  readonly pollMs: number;
}

export interface L1Call {
  readonly to: Address;
  readonly data: Hex;
  readonly valueWei?: bigint;
  /** Blobs that the transaction carries (EIP-4844). */
  readonly sidecar?: Sidecar;
  /** It takes the place of what is pending, however much that offers. */
  readonly isUrgent?: boolean;
}

/**
 * The first message of an L1 block makes the Inbox's checkpoint, which the estimate misses if it ran on a state where that
 * block already had one. Gas that is not used is not paid.
 */
const FIRST_MESSAGE_GAS = 100_000n;
/** An endpoint may count a transaction a moment before it shows the receipt. */
const RECEIPT_LAG_MS = 2_000;
/** Patience of those whose call may be out of date by then: some 30 blocks of L1, with what a node waits between raises. */
export const SOME_RAISES = 8;
/** Tip of last resort where L1 suggests none. */
const MIN_TIP_WEI = 1_000_000n;

/** What L1's node says to a transaction; the next attempt at an underpriced one pays more. */
type Answer = "known" | "underpriced" | "nonce-too-low" | "other-kind";
/** In the words of geth, Nethermind and reth, which keep blobs and other transactions of a key apart. */
const ANSWERS: readonly (readonly [Answer, RegExp])[] = [
  ["known", /already (known|imported)/i],
  ["underpriced", /underpriced/i],
  ["nonce-too-low", /nonce too low/i],
  ["other-kind", /already reserved|conflicting ?type|conflicts with existing/i],
];

interface TransactionFields {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly data: Hex;
  readonly value: bigint;
  readonly gas: bigint;
}

/**
 * One queue of L1 transactions for one key: the next is signed when the one before is mined, so nonces cannot collide.
 * Remembers nothing: after a crash the nonce comes from L1, and a transaction still pending is replaced.
 */
export class L1Sender {
  readonly account: PrivateKeyAccount;
  readonly #options: SenderOptions;
  readonly #client: PublicClient;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: SenderOptions, modules: { readonly client: PublicClient }) {
    this.#options = options;
    this.#client = modules.client;
    this.account = privateKeyToAccount(options.privateKey);
  }

  /**
   * Resolves with the receipt of a transaction that succeeded; throws `L1TransactionError` if it reverts, `CalldataPendingError`
   * where it has blobs and cannot replace what is pending. Who would rather look at L1 again than wait for ever says after how many
   * raises of its fees (`l1-pending`); the transaction may be mined all the same.
   */
  send(call: L1Call, signal?: AbortSignal, patience = Number.POSITIVE_INFINITY): Promise<TransactionReceipt> {
    const sent = this.#tail.then(() => this.#send(call, signal, patience));
    this.#tail = sent.catch(() => {});
    return sent;
  }

  async #send(call: L1Call, signal: AbortSignal | undefined, patience: number): Promise<TransactionReceipt> {
    const [nonce, gas] = await Promise.all([this.#mined(), this.#estimate(call)]);
    const hashes: Hex[] = [];
    let { sidecar } = call;
    const most = call.isUrgent ? MOST_URGENT : MOST;
    let [attempt, waits] = [0, 0];
    for (;;) {
      const fields = {
        chainId: Number(this.#options.l1ChainId),
        nonce,
        to: call.to,
        data: call.data,
        value: call.valueWei ?? 0n,
        // L1 takes no more, whatever its endpoints estimate.
        gas: smallerOf((gas * 6n) / 5n + FIRST_MESSAGE_GAS, MAX_TRANSACTION_GAS),
      };
      const by = sidecar === undefined ? EIGHTH_MORE : TWICE;
      const signed = await this.#sign(fields, sidecar, (wei) => bumped(wei, by, attempt, most));
      const answer = await this.#submit(sidecar ? withSidecar(signed, sidecar) : signed, waits === 0);
      if (answer === "other-kind" && sidecar)
        throw new CalldataPendingError("l1-calldata-pending", "a transaction of this key without blobs is pending");
      if (answer === "other-kind") {
        // Only blobs replace blobs.
        sidecar = EMPTY_SIDECAR;
        continue;
      }
      if (answer === "known") hashes.push(keccak256(signed));
      if (answer === "underpriced" && grows(by, attempt, most)) {
        attempt++; // what is pending offers more: it takes no time to outbid it
        continue;
      }
      const receipt = await this.#wait(hashes, nonce, signal);
      if (!receipt && (await this.#mined()) < nonce)
        throw new L1TransactionError("l1-forked", "L1 forked: transactions of this key before this one are gone", {
          hint: "whoever sent them looks at L1 again; this nonce would wait for them forever",
        });
      if (!receipt && ++waits > patience)
        throw new L1TransactionError("l1-pending", "the L1 transaction is in no block, whatever it offers", {
          hint: "whoever sent it looks at L1 again, and replaces it",
        });
      if (!receipt) {
        if (grows(by, attempt)) attempt++;
        continue;
      }
      if (receipt.status === "success") return receipt;
      throw new L1TransactionError("l1-reverted", "the L1 transaction was mined and reverted", {
        actual: receipt.transactionHash,
        hint: "L1 changed between the estimate and the block; it is tried again",
      });
    }
  }

  /** How many transactions of the key L1 has, which is the next one's nonce. */
  #mined(): Promise<number> {
    return this.#client.getTransactionCount({ address: this.account.address, blockTag: "latest" });
  }

  #estimate({ to, data, valueWei = 0n, sidecar }: L1Call): Promise<bigint> {
    const { address } = this.account;
    if (sidecar === undefined) return this.#client.estimateGas({ account: address, to, data, value: valueWei });
    // viem's own estimate would want the blobs, which L1 does not look at here.
    const request = {
      from: address,
      to,
      data,
      value: numberToHex(valueWei),
      blobVersionedHashes: sidecar.versionedHashes,
    };
    return this.#client.request({ method: "eth_estimateGas", params: [request as never] }).then(BigInt);
  }

  /** `raised` is what is offered where L1 suggests so much. */
  async #sign(fields: TransactionFields, sidecar: Sidecar | undefined, raised: (wei: bigint) => bigint): Promise<Hex> {
    const fees = await this.#fees(raised);
    if (sidecar === undefined) return this.account.signTransaction({ type: "eip1559", ...fields, ...fees });
    const blobBaseFeeWei = await this.#client.getBlobBaseFee();
    return this.account.signTransaction({
      type: "eip4844",
      ...fields,
      ...fees,
      maxFeePerBlobGas: raised(2n * blobBaseFeeWei),
      blobVersionedHashes: sidecar.versionedHashes,
    });
  }

  async #fees(raised: (wei: bigint) => bigint): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
    const [block, suggested] = await Promise.all([
      this.#client.getBlock({ blockTag: "latest" }),
      this.#client.estimateMaxPriorityFeePerGas().catch(() => MIN_TIP_WEI),
    ]);
    const tip = suggested > MIN_TIP_WEI ? suggested : MIN_TIP_WEI;
    return {
      maxPriorityFeePerGas: raised(tip),
      maxFeePerGas: raised(2n * (block.baseFeePerGas ?? 0n) + tip),
    };
  }

  /** `isFirst`: nobody has waited for it yet, so that whoever takes what others refuse may still be right. */
  async #submit(raw: Hex, isFirst: boolean): Promise<Answer> {
    try {
      await this.#client.sendRawTransaction({ serializedTransaction: raw });
      return "known";
    } catch (error) {
      const isPartly = partlyRefused(error) !== undefined;
      if (isPartly && isFirst) return "known";
      const text = String((error as Error).message);
      const found = ANSWERS.find(([, words]) => words.test(text))?.[0];
      if (found === undefined) throw error;
      // Fees grow with each wait anyway, which an endpoint must not drive; and a nonce that is taken shows while it waits.
      return isPartly && found !== "other-kind" ? "known" : found;
    }
  }

  /** A receipt of any attempt; undefined when it is time for a higher fee. */
  async #wait(hashes: readonly Hex[], nonce: number, signal?: AbortSignal): Promise<TransactionReceipt | undefined> {
    const until = performance.now() + this.#options.bumpAfterMs;
    let takenSince: number | undefined;
    // Whether the nonce is taken is found out first: no higher fee wins it back.
    while (performance.now() < until || takenSince !== undefined) {
      for (const hash of hashes) {
        const receipt = await this.#client.getTransactionReceipt({ hash }).catch(() => undefined);
        if (receipt) return receipt;
      }
      const mined = await this.#mined();
      takenSince = mined > nonce ? (takenSince ?? performance.now()) : undefined;
      const lagIsOver = takenSince !== undefined && performance.now() - takenSince > RECEIPT_LAG_MS;
      if (lagIsOver && !(await this.#anyReceipt(hashes)))
        throw new L1TransactionError("l1-nonce-taken", `nonce ${nonce} was used by another transaction of this key`, {
          hint: "no other program may send from this key",
        });
      if (signal?.aborted) throw new L1TransactionError("aborted", "stopped while waiting for an L1 transaction");
      await new Promise((resolve) => setTimeout(resolve, this.#options.pollMs));
    }
    return undefined;
  }

  async #anyReceipt(hashes: readonly Hex[]): Promise<boolean> {
    const receipts = hashes.map((hash) => this.#client.getTransactionReceipt({ hash }).catch(() => undefined));
    return (await Promise.all(receipts)).some((receipt) => receipt !== undefined);
  }
}
