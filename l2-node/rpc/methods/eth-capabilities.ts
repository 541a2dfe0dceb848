import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

/** What this node can be asked for, and from which block on: it keeps everything, and commits to no state. */
export const ethCapabilities = method(noParams, ({ chain, execution }) => {
  const { header, hash } = chain.head();
  const all = { disabled: false, oldestBlock: "0x0" };
  const executed = { ...all, disabled: execution === undefined };
  return {
    head: { number: hexQuantity(header.number), hash },
    state: executed,
    tx: all,
    logs: executed,
    receipts: executed,
    blocks: all,
    stateproofs: { ...all, disabled: true },
  };
});
