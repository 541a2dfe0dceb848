import { decodeErrorResult, type Hex, parseAbi } from "viem";
import { smallerOf } from "../../common/bigint.ts";
import { dnnAbi } from "../../common/contracts/dnn.ts";
import type { BlockOverrides, CallRequest, CallResult, StateOverrides } from "../execution/execution.ts";
import { RpcError } from "./errors.ts";
import { requestedPriceWei } from "./fees.ts";
import type { RpcContext } from "./method.ts";
import type { BlockOverrideParams, CallParams, StateOverrideParams } from "./schemas.ts";

/** Gas a call may use, whatever it names: what runs cannot be stopped when its caller goes away. go-ethereum's limit. */
const MAX_CALL_GAS = 50_000_000n;

export const toCall = (context: RpcContext, params: CallParams): CallRequest => ({
  from: params.from ?? undefined,
  to: params.to ?? null,
  gasLimit: smallerOf(params.gas ?? MAX_CALL_GAS, MAX_CALL_GAS),
  priceWei: requestedPriceWei(context, params),
  valueWei: params.value ?? undefined,
  data: params.input ?? params.data ?? undefined,
  nonce: params.nonce ?? undefined,
  accessList: params.accessList ?? undefined,
  authorizations: params.authorizationList ?? undefined,
});

export const toOverrides = (params: StateOverrideParams | undefined): StateOverrides =>
  Object.fromEntries(
    Object.entries(params ?? {}).map(([address, { balance, ...fields }]) => [
      address,
      { balanceWei: balance, ...fields },
    ]),
  );

export const toBlockOverrides = (params: BlockOverrideParams | undefined): BlockOverrides => ({
  number: params?.number ?? undefined,
  timestamp: params?.time ?? undefined,
  gasLimit: params?.gasLimit ?? undefined,
  beneficiary: params?.feeRecipient ?? params?.coinbase ?? undefined,
  mixHash: params?.prevRandao ?? params?.random ?? undefined,
  baseFeeWei: params?.baseFeePerGas ?? params?.baseFee ?? undefined,
});

/** Code 3 and the data for reverts, as libraries expect them; other halts are plain server errors. */
export function failure(status: CallResult["status"], message: string | undefined, data: Hex): RpcError {
  if (status !== "revert") return new RpcError("server", haltText(message ?? "execution failed"));
  return new RpcError("reverted", `execution reverted${reason(data)}`, data);
}

/** Where our words differ from the ones that libraries match on. */
const haltText = (message: string): string =>
  message.replace(
    /^insufficient balance for value(.*)$/,
    "insufficient funds for gas * price + value$1; prepaid gas pays fees only",
  );

const knownErrors = [
  ...parseAbi(["error Error(string message)", "error Panic(uint256 code)"]),
  ...dnnAbi.filter((item) => item.type === "error"),
];

/** What went wrong, where the data say so in a form everybody reads. */
function reason(data: Hex): string {
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi: knownErrors, data });
    if (errorName === "Error") return `: ${String(args[0]).slice(0, 1000)}`;
    if (errorName === "Panic") return `: ${panics[Number(args[0])] ?? `unknown panic code: ${args[0]}`}`;
    return `: ${errorName}(${args.join(", ")})`;
  } catch {
    return "";
  }
}

// Solidity's panic codes in go-ethereum's words.
const panics: Readonly<Record<number, string>> = {
  0: "generic panic",
  1: "assert(false)",
  17: "arithmetic underflow or overflow",
  18: "division or modulo by zero",
  33: "enum overflow",
  34: "invalid encoded storage byte array accessed",
  49: "out-of-bounds array access; popping on an empty array",
  50: "out-of-bounds access of an array or bytesN",
  65: "out of memory",
  81: "uninitialized function",
};
