import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

export const ethBlockNumber = method(noParams, ({ chain }) => hexQuantity(chain.heads().latest));
