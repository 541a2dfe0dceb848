import { type DecodeFunctionDataReturnType, decodeAbiParameters, toFunctionSelector } from "viem";
import { hexOf } from "../../common/bytes.ts";
import { dnnAbi } from "../../common/contracts/dnn.ts";
import { ComputationFault, computed } from "./fault.ts";

/** A function of the precompile with its arguments. */
export type DnnCall = DecodeFunctionDataReturnType<typeof dnnAbi>;

const functions = new Map(
  dnnAbi.flatMap((item) => (item.type === "function" ? [[toFunctionSelector(item), item] as const] : [])),
);

/** The call that call data make; undefined if they make none. Reads no more of them than the function's arguments. */
export function decodeDnnCall(data: Uint8Array): DnnCall | undefined {
  const item = functions.get(hexOf(data.subarray(0, 4)));
  if (item === undefined) return undefined;
  try {
    const args = computed(() => decodeAbiParameters(item.inputs, data.subarray(4)));
    return { functionName: item.name, args } as unknown as DnnCall;
  } catch (error) {
    if (error instanceof ComputationFault) return undefined;
    throw error;
  }
}
