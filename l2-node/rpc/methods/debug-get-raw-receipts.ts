import { z } from "zod";
import { bytesOfHex, concatBytes, hexOf } from "../../../common/bytes.ts";
import { encodeRlp } from "../../../common/rlp.ts";
import type { Receipt } from "../../execution/execution.ts";
import { foundBlock } from "../blocks.ts";
import { executionOf, method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** Receipts of what the block executed to its end, each as Ethereum encodes it. */
export const debugGetRawReceipts = method(z.tuple([blockRef]), async (context, [ref]) => {
  const receipts = await executionOf(context).blockReceipts(foundBlock(context, ref).header.number);
  return receipts.map((receipt) => hexOf(encodeReceipt(receipt)));
});

/** EIP-2718: type ‖ rlp([status, cumulativeGasUsed, logsBloom, logs]), without the type for legacy ones. */
function encodeReceipt({ type, status, cumulativeGasUsed, logsBloom, logs }: Receipt): Uint8Array {
  const body = encodeRlp([
    status === "success" ? 1n : 0n,
    cumulativeGasUsed,
    bytesOfHex(logsBloom),
    logs.map(({ address, topics, data }) => [bytesOfHex(address), topics.map(bytesOfHex), bytesOfHex(data)]),
  ]);
  return type === 0 ? body : concatBytes(Uint8Array.of(type), body);
}
