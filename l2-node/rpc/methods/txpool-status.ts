import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";
import { poolOf } from "../pool.ts";

/** How many wait for the next block, and how many for a nonce before theirs. */
export const txpoolStatus = method(noParams, (context) => {
  const { pending, queued } = poolOf(context);
  return { pending: hexQuantity(pending.length), queued: hexQuantity(queued.length) };
});
