import { type Address, type Hex, isAddress, isHex, parseEther, size } from "viem";
import { LEDGER_ADDRESS, lower } from "../common/addresses.ts";
import { bytesOfHex } from "../common/bytes.ts";
import { AnhError } from "../common/errors.ts";
import { MAX_TRANSACTION_GAS } from "../common/gas.ts";
import { parseTransaction, type Transaction } from "../common/transaction.ts";
import { TransactionError } from "../common/transaction-fields.ts";
import type { ForceCall } from "../l2-node/l1/force.ts";
import { wholeNumber } from "./whole-number.ts";

export interface ForceOptions {
  readonly to?: string;
  readonly valueEth: string;
  readonly mintEth: string;
  readonly data: string;
  readonly gasLimit: string;
}

/** What is to be forced: somebody's signed transaction, or a call by the L1 account that pays. */
export type ForceRequest =
  | { readonly kind: "envelope"; readonly raw: Hex; readonly gasLimit: bigint }
  | { readonly kind: "call"; readonly call: ForceCall };

const MAX_BYTES = 90_000;
const BASE_GAS = 21_000n;
const GAS_PER_BYTE = 40n;

/** Throws usage errors for what L1 would refuse (P1.5), before anything is paid. */
export function requestOf(raw: string | undefined, options: ForceOptions, l2ChainId: bigint): ForceRequest {
  if ((raw === undefined) === (options.to === undefined))
    throw usage("either a signed transaction or --to is needed", {
      expected: "anh tx force <raw>, or anh tx force --to <address>",
    });
  return raw === undefined ? callOf(options.to as string, options) : envelopeOf(raw, l2ChainId);
}

function envelopeOf(words: string, l2ChainId: bigint): ForceRequest {
  const raw = hexBytes("the signed transaction", words);
  checkSize(raw);
  const { gasLimit } = parsed(raw, l2ChainId);
  checkGas(gasLimit, BASE_GAS);
  return { kind: "envelope", raw, gasLimit };
}

function parsed(raw: Hex, l2ChainId: bigint): Transaction {
  try {
    return parseTransaction(bytesOfHex(raw), l2ChainId);
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error;
    const { code, message, expected, actual } = error;
    const hint =
      code === "chain-id"
        ? "it was signed for another chain: sign it for the L2"
        : `what is forced is a whole signed transaction, as cast mktx prints it${isAddress(raw) ? "; an address belongs behind --to" : ""}`;
    throw new AnhError(code, message, { expected, actual, hint, cause: error });
  }
}

function callOf(to: string, options: ForceOptions): ForceRequest {
  if (!isAddress(to, { strict: false })) throw usage(`--to is "${to}"`, { expected: "an address", actual: to });
  if (lower(to) === LEDGER_ADDRESS)
    throw usage("a ledger message cannot be forced as a call", {
      hint: "sign it as an L2 transaction and force that",
    });
  const data = hexBytes("--data", options.data);
  checkSize(data);
  const gasLimit = BigInt(wholeNumber("gas-limit", options.gasLimit));
  checkGas(gasLimit, BASE_GAS + GAS_PER_BYTE * BigInt(size(data)));
  const [valueWei, mintWei] = [ether("value-eth", options.valueEth), ether("mint-eth", options.mintEth)];
  return { kind: "call", call: { to: to as Address, valueWei, mintWei, gasLimit, data } };
}

function hexBytes(name: string, words: string): Hex {
  if (!isHex(words) || words.length % 2 !== 0)
    throw usage(`${name} is "${words.length > 80 ? `${words.slice(0, 80)}…` : words}"`, {
      expected: "0x and whole bytes in hex",
    });
  return words;
}

function checkSize(bytes: Hex): void {
  if (size(bytes) > MAX_BYTES)
    throw usage("it is too long", { expected: `at most ${MAX_BYTES} bytes`, actual: size(bytes) });
}

function checkGas(gasLimit: bigint, least: bigint): void {
  if (gasLimit < least || gasLimit > MAX_TRANSACTION_GAS)
    throw usage(`its gas limit is ${gasLimit}`, { expected: `${least} to ${MAX_TRANSACTION_GAS}`, actual: gasLimit });
}

function ether(name: string, words: string): bigint {
  if (!/^\d{1,12}(\.\d{1,18})?$/.test(words))
    throw usage(`--${name} is "${words}"`, { expected: "an amount of ether, e.g. 0.5", actual: words });
  return parseEther(words);
}

const usage = (message: string, details: ConstructorParameters<typeof AnhError>[2]): AnhError =>
  new AnhError("usage", message, details);
