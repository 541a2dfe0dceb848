import { createPublicClient, http } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { shownUrl } from "../../common/trouble.ts";

/** Throws unless a node of the chain file's L2 answers at the URL. */
export async function checkNode(nodeUrl: string, { l2ChainId }: ChainFile): Promise<void> {
  const client = createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) });
  const found = await client.getChainId().catch((cause) => {
    throw new AnhError("node-unavailable", `no L2 node answers at ${shownUrl(nodeUrl)}`, {
      cause,
      hint: "start one with ./anh node run, or name one with --node-url",
    });
  });
  if (BigInt(found) !== l2ChainId)
    throw new AnhError("wrong-l2", `${shownUrl(nodeUrl)} is another chain than the L2 of the chain file`, {
      expected: `chain ${l2ChainId}`,
      actual: `chain ${found}`,
      hint: "is it the L1's URL? --l1-url and --node-url are easily confused",
    });
}
