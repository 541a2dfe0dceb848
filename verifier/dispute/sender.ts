import {
  type Abi,
  type Account,
  type Address,
  BaseError,
  type Chain,
  ContractFunctionRevertedError,
  encodeFunctionData,
  type PublicClient,
  type TransactionReceipt,
  type Transport,
  type WalletClient,
} from "viem";
import { AnhError } from "../../common/errors.ts";

/** A call that L1 refuses. `errorName` is the contract's custom error. */
export class RefusedError extends AnhError {
  readonly errorName: string;
  constructor(functionName: string, errorName: string, cause: unknown) {
    super("l1-refused", `L1 refuses ${functionName}: ${errorName}`, { actual: errorName, cause });
    this.errorName = errorName;
  }
}

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
};

export type SenderModules = {
  readonly l1: PublicClient;
  readonly wallet: WalletClient<Transport, Chain | undefined, Account>;
};

/** Cap of one transaction's gas (EIP-7825). */
const TRANSACTION_GAS_LIMIT = 2n ** 24n;

export function openSender({ l1, wallet }: SenderModules): Sender {
  const { account } = wallet;
  let turn: Promise<unknown> = Promise.resolve();

  async function sendNow({ address, abi, functionName, args, valueWei = 0n }: Call): Promise<TransactionReceipt> {
    const request = { account, to: address, data: encodeFunctionData({ abi, functionName, args }), value: valueWei };
    try {
      await l1.simulateContract({ account, address, abi, functionName, args, value: valueWei });
    } catch (error) {
      throw refusalOf(functionName, error);
    }
    const estimate = await l1.estimateGas(request);
    const gas = (estimate * 5n) / 4n;
    // The nonce comes from the chain each time: nothing has to be remembered across a kill.
    const nonce = await l1.getTransactionCount({ address: account.address, blockTag: "pending" });
    const hash = await wallet.sendTransaction({
      ...request,
      gas: gas > TRANSACTION_GAS_LIMIT ? TRANSACTION_GAS_LIMIT : gas,
      nonce,
      chain: wallet.chain ?? null,
    });
    const receipt = await l1.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new RefusedError(functionName, "reverted after it was sent", hash);
    return receipt;
  }

  return {
    address: account.address,
    send: (call) => {
      const result = turn.then(() => sendNow(call));
      turn = result.catch(() => {});
      return result;
    },
  };
}

/** A contract's refusal as `RefusedError`; a fault of the connection stays what it is. */
function refusalOf(functionName: string, error: unknown): unknown {
  if (!(error instanceof BaseError)) return error;
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return error;
  return new RefusedError(functionName, reverted.data?.errorName ?? reverted.signature ?? "no reason given", error);
}
