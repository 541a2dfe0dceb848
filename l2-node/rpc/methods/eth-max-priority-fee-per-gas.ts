import { suggestedTipWei } from "../fees.ts";
import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

export const ethMaxPriorityFeePerGas = method(noParams, (context) => hexQuantity(suggestedTipWei(context)));
