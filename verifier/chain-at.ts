import { createPublicClient, http } from "viem";
import type { ChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import { shownUrl } from "../common/trouble.ts";

/** The chain of the node that a job is made for, and its time in seconds. */
export type ChainAt = { readonly chainId: bigint; readonly now: bigint; readonly clocks: ChainFile["clocks"] };

/** Throws `node-unavailable` where nothing answers, `wrong-l2` where what answers is no node of an ANH chain: L1, most likely. */
export async function chainAt(nodeUrl: string): Promise<ChainAt> {
  const client = createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) });
  try {
    const [chainId, { timestamp }] = await Promise.all([client.getChainId(), client.getBlock()]);
    const { clocks } = await client
      .request<{ ReturnType: Pick<ChainFile, "clocks"> }>({ method: "anh_chainFile" } as never)
      .catch((cause) => {
        throw noL2(nodeUrl, chainId, cause);
      });
    return { chainId: BigInt(chainId), now: timestamp, clocks };
  } catch (cause) {
    if (cause instanceof AnhError) throw cause;
    throw silentNode(nodeUrl, cause);
  }
}

export const silentNode = (url: string, cause: unknown): AnhError =>
  new AnhError("node-unavailable", `no node answers at ${shownUrl(url)}`, {
    hint: "start ./anh dev, or name the node with --node-url",
    cause,
  });

const noL2 = (url: string, chainId: number, cause: unknown): AnhError =>
  new AnhError("wrong-l2", `${shownUrl(url)} is no node of an ANH chain`, {
    expected: "an L2 node",
    actual: `chain ${chainId}, which knows no anh_chainFile`,
    hint: "is it the L1's URL? ./anh dev prints both: the L2's is asked for",
    cause,
  });
