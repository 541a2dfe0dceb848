import { z } from "zod";
import { smallerOf } from "../../../common/bigint.ts";
import { MAX_TRANSACTION_GAS } from "../../../common/gas.ts";
import { CallFailedError } from "../../execution/errors.ts";
import { stateAt } from "../blocks.ts";
import { failure, toCall, toOverrides } from "../calls.ts";
import { RpcError } from "../errors.ts";
import { baseFeeWei, estimatedDataGas, likelyPriceWei, suggestedPriceWei } from "../fees.ts";
import { hexQuantity } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { blockRef, callRequest, LATEST, stateOverrides } from "../schemas.ts";

/** Gas of the run, waiting included, and gas of posting the envelope to L1 (P2.3). */
export const ethEstimateGas = method(
  z.tuple([callRequest, blockRef.optional(), stateOverrides.optional()]),
  async (context, [request, ref = LATEST, overrides]) => {
    const execution = executionOf(context);
    const at = stateAt(context, ref);
    // Quotes are paid in gas, so their gas depends on the price the transaction will be sent at.
    const call = { ...toCall(context, request), priceWei: likelyPriceWei(context, request) };
    const cap = smallerOf(request.gas ?? MAX_TRANSACTION_GAS, MAX_TRANSACTION_GAS);
    if (call.priceWei < baseFeeWei(context))
      throw new RpcError(
        "server",
        `max fee per gas less than block base fee: maxFeePerGas ${call.priceWei}, baseFee ${baseFeeWei(context)}; eth_gasPrice suggests ${suggestedPriceWei(context)} wei`,
      );
    const dataGas = estimatedDataGas(context, request);
    try {
      const gas = await context.gate(() => execution.estimateGas(call, at, toOverrides(overrides)));
      if (gas + dataGas <= cap) return hexQuantity(gas + dataGas);
    } catch (error) {
      if (error instanceof CallFailedError) throw failure(error.status, error.message, error.data);
      throw error;
    }
    throw new RpcError(
      "server",
      `gas required exceeds allowance (${cap}): at ${call.priceWei} wei per gas, posting its bytes to L1 alone takes ${dataGas} gas; eth_gasPrice suggests ${suggestedPriceWei(context)} wei`,
    );
  },
);
