import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

export const ethChainId = method(noParams, ({ chain }) => hexQuantity(chain.file.l2ChainId));
