import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { AnhError } from "../../common/errors.ts";
import { readChain } from "../../verifier/read-chain.ts";

export interface NodeSnapshotOptions {
  readonly dataDir: string;
  readonly chainFile: string;
  readonly out: string;
  readonly json: boolean;
}

/** `anh node snapshot`: the finalized chain that a node has, in one file. */
export async function snapshotNode({ dataDir, chainFile, out, json }: NodeSnapshotOptions): Promise<void> {
  const place = dirname(out);
  if (!existsSync(place))
    throw new AnhError("usage", `--out is "${out}", and there is no folder ${place}`, {
      expected: "a file in a folder that is there",
    });
  const { writeSnapshot } = await import("../../l2-node/snapshot/write.ts");
  const { manifest, bytes } = writeSnapshot(dataDir, readChain(chainFile), out);
  if (json) process.stdout.write(`${JSON.stringify({ ...manifest, bytes, file: out })}\n`);
  else
    process.stdout.write(
      `${out}: ${manifest.batches} batches up to block ${manifest.head.number} (${manifest.head.hash}), ${bytes} bytes\n`,
    );
}
