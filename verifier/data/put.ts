import type { Hex } from "viem";
import type { Upload } from "../model/uploads.ts";
import { UploadError } from "./upload.ts";

/**
 * Stores content at a node, which refuses what does not give a root (P9.1). Storing twice is storing once.
 * `UploadError` if the node says no; what `fetch` throws if it does not answer.
 */
export async function putBlob(nodeUrl: string, { kind, root, bytes }: Upload): Promise<void> {
  const put = () => fetch(`${nodeUrl}/v1/blob/${kind}`, { method: "PUT", body: Buffer.from(bytes) });
  // A connection that was kept may have been given up by the node while its user computed (a large graph, say).
  const response = await put().catch(put);
  const answer = (await response.json().catch(() => ({}))) as { readonly root?: Hex; readonly message?: string };
  if (answer.root !== root)
    throw new UploadError(
      "upload-refused",
      `${nodeUrl} did not take ${kind} ${root}: ${answer.message ?? answer.root ?? `HTTP ${response.status}`}`,
      { expected: root, actual: answer.root },
    );
}
