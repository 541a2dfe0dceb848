import { z } from "zod/v4";
import { smallerOf } from "../../../common/bigint.ts";
import { CallFailedError } from "../../execution/errors.ts";
import { MAX_TRANSACTION_GAS } from "../../ledger/gas.ts";
import { stateAt } from "../blocks.ts";
import { failure, toCall, toOverrides } from "../calls.ts";
import { estimatedDataGas } from "../fees.ts";
import { hexQuantity } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { blockRef, callRequest, LATEST, stateOverrides } from "../schemas.ts";

/** Gas of the run, waiting included, and gas of posting the envelope to L1 (P2.3). */
export const ethEstimateGas = method(
  z.tuple([callRequest, blockRef.optional(), stateOverrides.optional()]),
  async (context, [request, ref = LATEST, overrides]) => {
    const at = stateAt(context, ref);
    try {
      const gas = await executionOf(context).estimateGas(toCall(context, request), at, toOverrides(overrides));
      return hexQuantity(smallerOf(gas + estimatedDataGas(context, request), MAX_TRANSACTION_GAS));
    } catch (error) {
      if (error instanceof CallFailedError) throw failure(error.status, error.message, error.data);
      throw error;
    }
  },
);
