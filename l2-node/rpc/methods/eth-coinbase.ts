import { method, noParams } from "../method.ts";

export const ethCoinbase = method(noParams, ({ chain }) => chain.file.sequencer);
