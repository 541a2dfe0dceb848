import { createPublicClient, type Hex, http } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { shownUrl } from "../../common/trouble.ts";
import { putBlob } from "../../verifier/data/put.ts";
import { UploadError } from "../../verifier/data/upload.ts";
import type { Upload } from "../../verifier/model/uploads.ts";

/** The chain of the node that a job is made for, and its time in seconds. */
export type ChainAt = { readonly chainId: bigint; readonly now: bigint; readonly clocks: ChainFile["clocks"] };

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
    throw silent(nodeUrl, cause);
  }
}

/** Whether a contract stands at the address; taken for granted where the node cannot say. */
export async function hasCode(nodeUrl: string, address: Hex): Promise<boolean> {
  const client = createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) });
  return client.getCode({ address }).then(
    (code) => code !== undefined,
    () => true,
  );
}

/** Stores content at a node, each piece once. */
export async function uploadAll(
  nodeUrl: string,
  uploads: readonly Upload[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const once = [...new Map(uploads.map((upload) => [upload.root, upload])).values()];
  for (const upload of once)
    await putBlob(nodeUrl, upload).catch((cause) => {
      throw cause instanceof UploadError ? cause : silent(nodeUrl, cause);
    });
  return { files: once.length, bytes: once.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

const noL2 = (url: string, chainId: number, cause: unknown): AnhError =>
  new AnhError("wrong-l2", `${shownUrl(url)} is no node of an ANH chain`, {
    expected: "an L2 node",
    actual: `chain ${chainId}, which knows no anh_chainFile`,
    hint: "is it the L1's URL? ./anh dev prints both: --node-url is the L2's",
    cause,
  });

const silent = (url: string, cause: unknown): AnhError =>
  new AnhError("node-unavailable", `no node answers at ${shownUrl(url)}`, {
    hint: "Start ./anh dev, or name the node with --node-url.",
    cause,
  });
