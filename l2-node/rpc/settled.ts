import type { RpcContext } from "./method.ts";

/** Last block whose state L1 has settled, as far as this node has read L1. */
export const settledNumber = ({ chain }: RpcContext): bigint | undefined => {
  const { l1 } = chain.store;
  return l1.settledAt(l1.inbox().count)?.number;
};
