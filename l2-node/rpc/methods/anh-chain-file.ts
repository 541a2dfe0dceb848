import { plain } from "../format.ts";
import { method, noParams } from "../method.ts";

/** The chain file without its first state: L1 contracts, roles, clocks. */
export const anhChainFile = method(noParams, ({ chain }) => {
  const { genesis, ...file } = chain.file;
  return plain({ ...file, genesisHash: genesis.hash });
});
