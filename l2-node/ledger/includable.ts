import type { Address, Hex } from "viem";
import { creditLeaf, creditRoot } from "../../common/credit.ts";
import { MAX_TRANSACTION_GAS } from "../../common/gas.ts";
import type { Transaction } from "../../common/transaction.ts";
import { type Delegation, delegationsOf } from "./delegations.ts";
import { dataGasUp, MAX_INITCODE_BYTES, minimumGas, priceWei } from "./gas.ts";
import type { LedgerAccount, LedgerReader } from "./ledger.ts";
import { type LedgerMessage, ledgerMessageOf } from "./ledger-message.ts";

/** What the including block contributes to the rules of P2.2. */
export interface LedgerContext {
  readonly baseFeeWei: bigint;
  /** 40 × base fee of the header's origin (P2.3). */
  readonly originL1FeePerByteWei: bigint;
  readonly beneficiary: Address;
  /** Of the last Settled message consumed by this or an earlier block. */
  readonly creditsRoot: Hex | undefined;
}

/** Why a transaction cannot be included, one per rule of P2.2; `required` and `available` in the rule's own unit. */
export interface Refusal {
  readonly rule:
    | "nonce-too-low"
    | "nonce-too-high"
    | "gas-above-cap"
    | "gas-too-low"
    | "tip-above-fee"
    | "fee-below-base-fee"
    | "initcode-too-long"
    | "ledger-message"
    | "credit-proof"
    | "insufficient-prepaid";
  readonly required: bigint;
  readonly available: bigint;
  /** The part of `required` that pays for posting the envelope; gas-too-low only. */
  readonly postingGas?: bigint;
}

/** What including it does to the ledger. */
export interface Inclusion {
  readonly priceWei: bigint;
  readonly dataGas: bigint;
  /** Sender after the debit and the ledger message. */
  readonly sender: LedgerAccount;
  /** Whose nonces it consumes besides, the sender's own perhaps among them (P2.9). */
  readonly delegations: readonly Delegation[];
  readonly message: LedgerMessage | null;
}

export type Verdict =
  | { readonly ok: true; readonly inclusion: Inclusion }
  | { readonly ok: false; readonly refusal: Refusal };

const refuse = (rule: Refusal["rule"], required: bigint, available: bigint): Verdict => ({
  ok: false,
  refusal: { rule, required, available },
});

/** The rules that need no account: also what a mempool checks once. */
export function staticRefusal(transaction: Transaction, context: LedgerContext): Refusal | undefined {
  const { gasLimit, maxFeeWei, maxTipWei, data, to, raw } = transaction;
  const refusal = (rule: Refusal["rule"], required: bigint, available: bigint) => ({ rule, required, available });
  if (gasLimit > MAX_TRANSACTION_GAS) return refusal("gas-above-cap", MAX_TRANSACTION_GAS, gasLimit);
  if (maxTipWei > maxFeeWei) return refusal("tip-above-fee", maxTipWei, maxFeeWei);
  if (to === null && data.length > MAX_INITCODE_BYTES)
    return refusal("initcode-too-long", BigInt(MAX_INITCODE_BYTES), BigInt(data.length));
  const minimum = minimumGas(transaction);
  if (minimum > gasLimit) return refusal("gas-too-low", minimum, gasLimit);
  if (maxFeeWei < context.baseFeeWei) return refusal("fee-below-base-fee", context.baseFeeWei, maxFeeWei);
  const postingGas = dataGasUp(raw.length, context.originL1FeePerByteWei, priceWei(transaction, context.baseFeeWei));
  const needed = minimum + postingGas;
  return needed > gasLimit ? { ...refusal("gas-too-low", needed, gasLimit), postingGas } : undefined;
}

/** Judges P2.2 at this position. Needs no execution, and changes nothing. */
export function includable(ledger: LedgerReader, transaction: Transaction, context: LedgerContext): Verdict {
  const refusal = staticRefusal(transaction, context);
  if (refusal) return { ok: false, refusal };
  const account = ledger.account(transaction.sender);
  if (transaction.nonce < account.nonce) return refuse("nonce-too-low", account.nonce, transaction.nonce);
  if (transaction.nonce > account.nonce) return refuse("nonce-too-high", account.nonce, transaction.nonce);

  const message = ledgerMessageOf(transaction);
  if (message === undefined) return refuse("ledger-message", 0n, transaction.valueWei);
  const price = priceWei(transaction, context.baseFeeWei);
  const costWei = transaction.gasLimit * price + (message?.kind === "toBalance" ? message.amountWei : 0n);
  const redeemedWei = message?.kind === "redeem" ? message.cumulativeWei : account.redeemedWei;
  if (message?.kind === "redeem" && !provesCredit(message, transaction.sender, account, context.creditsRoot))
    return refuse("credit-proof", account.redeemedWei, message.cumulativeWei);
  const availableWei = account.prepaidWei + redeemedWei - account.redeemedWei;
  if (costWei > availableWei) return refuse("insufficient-prepaid", costWei, availableWei);
  const nonce = account.nonce + 1n;
  const nonceOf = (address: Address) => (address === transaction.sender ? nonce : ledger.account(address).nonce);
  return {
    ok: true,
    inclusion: {
      priceWei: price,
      dataGas: dataGasUp(transaction.raw.length, context.originL1FeePerByteWei, price),
      sender: { prepaidWei: availableWei - costWei, nonce, redeemedWei },
      delegations: delegationsOf(transaction.authorizations ?? [], transaction.chainId, nonceOf),
      message,
    },
  };
}

/** More than was redeemed before, under the settled root (P2.5): each unit of credit moves once. */
function provesCredit(
  { cumulativeWei, index, proof }: Extract<LedgerMessage, { kind: "redeem" }>,
  sender: Address,
  account: LedgerAccount,
  creditsRoot: Hex | undefined,
): boolean {
  if (creditsRoot === undefined || cumulativeWei <= account.redeemedWei) return false;
  return creditRoot(creditLeaf(sender, cumulativeWei), index, proof) === creditsRoot;
}
