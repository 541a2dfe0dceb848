import { setTimeout as sleep } from "node:timers/promises";
import {
  type Abi,
  type Account,
  type Address,
  BaseError,
  type Chain,
  ContractFunctionRevertedError,
  encodeFunctionData,
  type Hex,
  type PublicClient,
  type TransactionReceipt,
  type Transport,
  type WalletClient,
} from "viem";
import { smallerOf } from "../common/bigint.ts";
import { AnhError } from "../common/errors.ts";
import { MAX_TRANSACTION_GAS } from "../common/gas.ts";
import { partlyRefused } from "./l1/send-by-all.ts";

/** A call that L1 refuses. `errorName` is the contract's custom error, `args` what it says. */
export class RefusedError extends AnhError {
  readonly errorName: string;
  readonly args: readonly unknown[];
  constructor(functionName: string, errorName: string, args: readonly unknown[], cause: unknown) {
    super("l1-refused", `L1 refuses ${functionName}: ${errorName}(${args.join(", ")})`, { actual: errorName, cause });
    this.errorName = errorName;
    this.args = args;
  }
}

/** A bond above what the operator is ready to put at stake. */
export class BondTooHighError extends AnhError {}

/** L1 forked under a transaction, or does not take it at any fee within reason. */
export class NotIncludedError extends AnhError {}

export type Call = {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly valueWei?: bigint;
};

/** Sends L1 transactions of one account, one after the other. */
export type Sender = {
  readonly address: Address;
  /** Tries the call first (`RefusedError` costs nothing), then sends it and waits until it is included. */
  readonly send: (call: Call) => Promise<TransactionReceipt>;
  /** As `send`, with the exact bond or fee the contract asks for: it names it itself (`BondMismatch`, `FeeMismatch`). */
  readonly sendWithBond: (call: Call, limitWei: bigint) => Promise<TransactionReceipt>;
};

type Unsent = { readonly to: Address; readonly data: Hex; readonly value: bigint; readonly gas: bigint };

export type SenderModules = {
  readonly l1: PublicClient;
  readonly wallet: WalletClient<Transport, Chain | undefined, Account>;
  /** A transaction that is in no block by then is sent again, an eighth dearer. */
  readonly resendMs?: number;
};

/** A bond, then a fee on top of it. */
const MAX_VALUE_ATTEMPTS = 4;

/** Four blocks of Ethereum's. */
const RESEND_MS = 48_000;
/** The last one offers ten times what L1 asks. */
const MAX_ATTEMPTS = 20;

export function openSender({ l1, wallet, resendMs = RESEND_MS }: SenderModules): Sender {
  const { account, chain = null } = wallet;
  let turn: Promise<unknown> = Promise.resolve();

  async function sendNow({ address, abi, functionName, args, valueWei = 0n }: Call): Promise<TransactionReceipt> {
    const call = { account, address, abi, functionName, args, value: valueWei };
    // The estimate is the trial: a second look could meet another block, with another answer.
    const estimate = await l1.estimateContractGas({ ...call, prepare: false }).catch((error) => {
      throw refusalOf(functionName, error);
    });
    const receipt = await included({
      to: address,
      data: encodeFunctionData({ abi, functionName, args }),
      value: valueWei,
      gas: smallerOf((estimate * 5n) / 4n, MAX_TRANSACTION_GAS),
    });
    const { status, transactionHash } = receipt;
    if (status !== "success")
      throw new RefusedError(functionName, "reverted after it was sent", [transactionHash], transactionHash);
    return receipt;
  }

  /** Sends it until it is in a block: a fork of L1 may take it, and its nonce may get too cheap. */
  async function included(transaction: Unsent): Promise<TransactionReceipt> {
    // The nonce comes from the chain each time: nothing has to be remembered across a kill, and what a killed process left
    // pending is replaced.
    const minedCount = () => l1.getTransactionCount({ address: account.address, blockTag: "latest" });
    const nonce = await minedCount();
    const hashes: Hex[] = [];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { maxFeePerGas, maxPriorityFeePerGas } = await l1.estimateFeesPerGas();
      const raised = (wei: bigint) => (wei * 9n ** BigInt(attempt)) / 8n ** BigInt(attempt) + BigInt(attempt);
      const fees = { maxFeePerGas: raised(maxFeePerGas), maxPriorityFeePerGas: raised(maxPriorityFeePerGas) };
      const hash = await wallet
        .sendTransaction({ account, chain, ...transaction, ...fees, nonce })
        .catch((error) => (attempt === 0 ? partlyRefused(error)?.hash : undefined) ?? unlessOutbid(error));
      if (hash !== undefined) hashes.push(hash);
      const until = performance.now() + resendMs;
      while (performance.now() < until) {
        for (const sent of hashes) {
          const receipt = await l1.getTransactionReceipt({ hash: sent }).catch(() => undefined);
          if (receipt) return receipt;
        }
        await sleep(l1.pollingInterval);
      }
      // An endpoint that fails for a moment is no reason to forget what is pending.
      const mined = await minedCount().catch(() => nonce);
      if (mined === nonce) continue;
      for (const sent of hashes) {
        const receipt = await l1.getTransactionReceipt({ hash: sent }).catch(() => undefined);
        if (receipt) return receipt;
      }
      // A fork took those before it as well, or brought an older one back in its place.
      break;
    }
    throw new NotIncludedError("l1-not-included", `transaction ${nonce} of ${account.address} is in no block of L1`, {
      actual: hashes.at(-1),
      hint: "the next round looks at L1 again, and sends what is still to be sent",
    });
  }

  async function sendBonded(call: Call, limitWei: bigint): Promise<TransactionReceipt> {
    let valueWei = 0n;
    for (let attempt = 0; attempt < MAX_VALUE_ATTEMPTS; attempt++) {
      try {
        return await sendNow({ ...call, valueWei });
      } catch (error) {
        const wantedWei = wantedValue(error, valueWei);
        if (wantedWei === undefined) throw error;
        if (wantedWei > limitWei)
          throw new BondTooHighError("bond-too-high", `${call.functionName} asks for a bond above the limit`, {
            expected: limitWei,
            actual: wantedWei,
            hint: "raise the limit on bonds if this job is worth it",
          });
        valueWei = wantedWei;
      }
    }
    throw new BondTooHighError("bond-unknown", `${call.functionName} does not say what value it wants`);
  }

  const inTurn = (action: () => Promise<TransactionReceipt>): Promise<TransactionReceipt> => {
    const result = turn.then(action);
    turn = result.catch(() => {});
    return result;
  };
  return {
    address: account.address,
    send: (call) => inTurn(() => sendNow(call)),
    sendWithBond: (call, limitWei) => inTurn(() => sendBonded(call, limitWei)),
  };
}

/**
 * Its place is taken by one as dear, which waits there: the next attempt pays more. Or L1 has this very one. Who takes what others
 * refuse is believed until the next attempt: it may keep to itself that the account is empty.
 */
function unlessOutbid(error: unknown): Hex | undefined {
  const text = String(error);
  const partly = partlyRefused(error);
  // Where its nonce is taken, one of those before it may be in a block: that shows while it waits.
  if (/underpriced|already (known|imported)/i.test(text) || (partly && /nonce too low/i.test(text)))
    return partly?.hash;
  throw error;
}

/** A contract's refusal as `RefusedError`; a fault of the connection stays what it is. */
function refusalOf(functionName: string, error: unknown): unknown {
  if (!(error instanceof BaseError)) return error;
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return error;
  const name = reverted.data?.errorName ?? reverted.signature ?? "no reason given";
  return new RefusedError(functionName, name, reverted.data?.args ?? [], error);
}

/** The value that a refusal asks for: a bond as a whole, a fee on top of what was sent. */
function wantedValue(error: unknown, sentWei: bigint): bigint | undefined {
  if (!(error instanceof RefusedError)) return undefined;
  const [expectedWei, actualWei] = error.args as readonly bigint[];
  if (error.errorName === "BondMismatch") return expectedWei;
  if (error.errorName === "FeeMismatch") return sentWei + expectedWei! - actualWei!;
  return undefined;
}
