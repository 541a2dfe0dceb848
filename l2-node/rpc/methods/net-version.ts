import { method, noParams } from "../method.ts";

export const netVersion = method(noParams, ({ chain }) => chain.file.l2ChainId.toString());
