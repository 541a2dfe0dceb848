import { formatTransaction } from "../format.ts";
import { method, noParams } from "../method.ts";
import { boundedPoolOf, bySender } from "../pool.ts";

export const txpoolContent = method(noParams, (context) => {
  const { pending, queued } = boundedPoolOf(context);
  return { pending: bySender(pending, formatPending), queued: bySender(queued, formatPending) };
});

const formatPending = (transaction: Parameters<typeof formatTransaction>[0]) => formatTransaction(transaction);
