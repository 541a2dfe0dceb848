import { plain } from "../format.ts";
import { method, noParams } from "../method.ts";

/** L1 contracts and roles of the chain. */
export const anhGetContracts = method(noParams, ({ chain }) => {
  const { l1ChainId, l2ChainId, contracts, sequencer, poster, clocks } = chain.file;
  return plain({ l1ChainId, l2ChainId, contracts, sequencer, poster, clocks });
});
