import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

/** Nodes meet on L1 and nowhere else. */
export const netPeerCount = method(noParams, () => hexQuantity(0));
