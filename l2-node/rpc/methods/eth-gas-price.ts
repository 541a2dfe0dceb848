import { suggestedPriceWei } from "../fees.ts";
import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

/** baseFee · 2 + tip: MetaMask prices from this. */
export const ethGasPrice = method(noParams, (context) => hexQuantity(suggestedPriceWei(context)));
