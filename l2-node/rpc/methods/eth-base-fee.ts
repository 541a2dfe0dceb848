import { baseFeeWei } from "../fees.ts";
import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

/** The next block's. */
export const ethBaseFee = method(noParams, (context) => hexQuantity(baseFeeWei(context)));
