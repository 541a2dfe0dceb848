import { type Address, decodeErrorResult, type Hex, parseAbi } from "viem";
import type { CallRequest, CallResult, StateOverrides } from "../execution/execution.ts";
import { RpcError } from "./errors.ts";
import { requestedPriceWei } from "./fees.ts";
import type { RpcContext } from "./method.ts";
import type { CallParams } from "./schemas.ts";

export const toCall = (context: RpcContext, params: CallParams): CallRequest => ({
  from: params.from ?? undefined,
  to: params.to ?? null,
  gasLimit: params.gas ?? undefined,
  priceWei: requestedPriceWei(context, params),
  valueWei: params.value ?? undefined,
  data: params.input ?? params.data ?? undefined,
  nonce: params.nonce ?? undefined,
  accessList: params.accessList ?? undefined,
});

type OverrideParams = Readonly<
  Record<
    Address,
    {
      balance?: bigint | undefined;
      nonce?: bigint | undefined;
      code?: Hex | undefined;
      stateDiff?: Record<Hex, Hex> | undefined;
    }
  >
>;

export const toOverrides = (params: OverrideParams | undefined): StateOverrides =>
  Object.fromEntries(
    Object.entries(params ?? {}).map(([address, { balance, nonce, code, stateDiff }]) => [
      address,
      { balanceWei: balance, nonce, code, stateDiff },
    ]),
  );

const standardErrors = parseAbi(["error Error(string message)", "error Panic(uint256 code)"]);

/** Code 3 and the data for reverts, as libraries expect them; other halts are plain server errors. */
export function failure(status: CallResult["status"], message: string | undefined, data: Hex): RpcError {
  if (status !== "revert") return new RpcError("server", message ?? "execution failed");
  return new RpcError("reverted", `execution reverted${reason(data)}`, data);
}

function reason(data: Hex): string {
  try {
    const { errorName, args } = decodeErrorResult({ abi: standardErrors, data });
    return errorName === "Error" ? `: ${args[0]}` : `: panic code ${args[0]}`;
  } catch {
    return "";
  }
}
