import { largerOf, smallerOf } from "../../common/bigint.ts";
import { nextBaseFeeWei } from "../ledger/base-fee.ts";
import { dataGasUp, l1FeePerByteWei } from "../ledger/gas.ts";
import type { RpcContext } from "./method.ts";
import type { CallParams } from "./schemas.ts";

/** What the next block's base fee will be. */
export const baseFeeWei = ({ chain }: RpcContext): bigint => nextBaseFeeWei(chain.head().header);

const l1BaseFeeWei = ({ chain }: RpcContext): bigint => chain.store.l1.cursor()?.baseFeeWei ?? 0n;

const MIN_TIP_WEI = 1_000_000n;

/** The L1 base fee as tip: a posted byte then costs at most 40 gas (P2.3). */
export const suggestedTipWei = (context: RpcContext): bigint => largerOf(l1BaseFeeWei(context), MIN_TIP_WEI);

export const suggestedPriceWei = (context: RpcContext): bigint => 2n * baseFeeWei(context) + suggestedTipWei(context);

/** Price a request names, as the next block would have it; undefined if it names none, or zero. */
export function requestedPriceWei(
  context: RpcContext,
  { gasPrice, maxFeePerGas, maxPriorityFeePerGas }: CallParams,
): bigint | undefined {
  const price =
    gasPrice ??
    (maxFeePerGas == null ? 0n : smallerOf(maxFeePerGas, baseFeeWei(context) + (maxPriorityFeePerGas ?? 0n)));
  return price === 0n ? undefined : price;
}

/** Price a request will be sent at: its own, or else the least that anybody who follows the suggestions pays. */
export const likelyPriceWei = (context: RpcContext, request: CallParams): bigint =>
  requestedPriceWei(context, request) ?? baseFeeWei(context) + suggestedTipWei(context);

/** Signature, nonce, fees, value, address: what an envelope adds to its calldata and access list, at most. */
const ENVELOPE_BYTES = 230;

/** Chain id, address, nonce and signature of an EIP-7702 authorization, at most. */
const AUTHORIZATION_BYTES = 140;

/** L1 blocks looked back for the dearest origin that the including block may have. */
const MAX_ORIGIN_LAG = 64n;

/**
 * The dearest L1 base fee from the head's origin on: blocks name an origin some L1 blocks old, and an L1 whose base fee falls
 * by an eighth per block would make an estimate by the newest one too low.
 */
function dearestL1BaseFeeWei(context: RpcContext): bigint {
  const { l1 } = context.chain.store;
  const newest = l1.cursor()?.number ?? 0n;
  const origin = largerOf(context.chain.head().header.origin.number, newest - MAX_ORIGIN_LAG);
  let dearest = l1BaseFeeWei(context);
  for (let number = newest; number >= origin; ) {
    const header = l1.headerBelow(number + 1n);
    if (header === undefined || header.number < origin) break;
    dearest = largerOf(dearest, header.baseFeeWei);
    number = header.number - 1n;
  }
  return dearest;
}

/** dataGas of the envelope a request will become, with half as much to spare for moving base fees (7-details 17). */
export function estimatedDataGas(context: RpcContext, request: CallParams): bigint {
  const dataBytes = ((request.input ?? request.data ?? "0x").length - 2) / 2;
  const listBytes = (request.accessList ?? []).reduce((sum, entry) => sum + 26 + 34 * entry.storageKeys.length, 0);
  const bytes = ENVELOPE_BYTES + dataBytes + listBytes + AUTHORIZATION_BYTES * (request.authorizationList?.length ?? 0);
  const dataGas = dataGasUp(bytes, l1FeePerByteWei(dearestL1BaseFeeWei(context)), likelyPriceWei(context, request));
  return (dataGas * 3n) / 2n;
}
