import { createPublicClient, type Hex, http } from "viem";
import { shownUrl } from "../../common/trouble.ts";
import { silentNode } from "../../verifier/chain-at.ts";
import { putBlob } from "../../verifier/data/put.ts";
import { UploadError } from "../../verifier/data/upload.ts";
import type { Upload } from "../../verifier/model/uploads.ts";

/** Whether a contract stands at the address; taken for granted where the node cannot say. */
export async function hasCode(nodeUrl: string, address: Hex): Promise<boolean> {
  const client = createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) });
  return client.getCode({ address }).then(
    (code) => code !== undefined,
    () => true,
  );
}

/** A replica keeps what is stored with it to itself; taken for none where the node cannot say. */
export async function isReplica(nodeUrl: string): Promise<boolean> {
  const client = createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) });
  return client.request<{ ReturnType: { role: string } }>({ method: "anh_syncStatus" } as never).then(
    ({ role }) => role === "replica",
    () => false,
  );
}

export const storedAtReplica = (nodeUrl: string): string =>
  `the node at ${shownUrl(nodeUrl)} is a replica, and hands on to no other what is stored with it: executors and challengers find ` +
  "the files only if their --node-url is this one. Name the sequencer's URL, or store them there as well";

/** Stores content at a node, each piece once. */
export async function uploadAll(
  nodeUrl: string,
  uploads: readonly Upload[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const once = [...new Map(uploads.map((upload) => [upload.root, upload])).values()];
  for (const upload of once)
    await putBlob(nodeUrl, upload).catch((cause) => {
      throw cause instanceof UploadError ? cause : silentNode(nodeUrl, cause);
    });
  return { files: once.length, bytes: once.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}
