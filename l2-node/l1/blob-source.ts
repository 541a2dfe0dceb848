import type { Hex } from "viem";
import { z } from "zod";
import { BLOB_BYTES, blobCount, MAX_BLOB_DATA_BYTES, toBlobs, versionedHashOf } from "../../common/blob.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import type { L1Header } from "../../common/l1-header.ts";
import type { Kzg } from "./kzg.ts";

export interface BlobSourceOptions {
  /** Beacon nodes of L1, or archives that answer like one; asked in turn. */
  readonly urls: readonly string[];
  readonly timeoutMs: number;
}

/** Finds blobs by their hashes. Whoever serves them is believed nothing: each is committed to again. */
export interface BlobSource {
  /**
   * In the order of `versionedHashes`. `own` are data that they may hold, for all the caller knows: where they do, nobody is
   * asked. Throws `L1DataError` where nobody has them all.
   */
  readonly blobs: (
    block: L1Header,
    versionedHashes: readonly Hex[],
    own?: Uint8Array,
  ) => Promise<readonly Uint8Array[]>;
}

const hexBlob = z
  .string()
  .length(2 + 2 * BLOB_BYTES)
  .regex(/^0x[0-9a-fA-F]+$/);
const blobsBody = z.object({ data: z.array(hexBlob) });
const genesisBody = z.object({ data: z.object({ genesis_time: z.coerce.bigint() }) });
const specBody = z.object({ data: z.object({ SECONDS_PER_SLOT: z.coerce.bigint() }) });
/** Of an answer, beside its blobs. */
const MAX_OTHER_BYTES = 65_536;

export function openBlobSource({ urls, timeoutMs }: BlobSourceOptions, { kzg }: { readonly kzg: Kzg }): BlobSource {
  const get = async <T>(url: string, schema: z.ZodType<T>, blobs = 0): Promise<T | undefined> => {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: "error" });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return schema.parse(JSON.parse(await textOf(response, blobs * (2 * BLOB_BYTES + 8) + MAX_OTHER_BYTES)));
  };
  /** A beacon chain counts slots from its genesis; a development L1, which has no such clock, counts blocks. */
  async function slotOf(url: string, { number, timestamp }: L1Header): Promise<bigint> {
    const spec = await get(`${url}/eth/v1/config/spec`, specBody);
    const genesis = spec && (await get(`${url}/eth/v1/beacon/genesis`, genesisBody));
    return genesis ? (timestamp - genesis.data.genesis_time) / spec.data.SECONDS_PER_SLOT : number;
  }
  const hashesOf = async (blobs: readonly Uint8Array[]) => (await kzg.commitments(blobs)).map(versionedHashOf);
  async function within(data: Uint8Array, wanted: readonly Hex[]): Promise<readonly Uint8Array[] | undefined> {
    if (data.length > MAX_BLOB_DATA_BYTES || blobCount(data.length) !== wanted.length) return undefined;
    const blobs = toBlobs(data);
    const hashes = await hashesOf(blobs);
    return wanted.every((hash, i) => hash === hashes[i]) ? blobs : undefined;
  }
  async function from(url: string, block: L1Header, wanted: readonly Hex[]): Promise<readonly Uint8Array[]> {
    const slot = await slotOf(url, block);
    const query = `${url}/eth/v1/beacon/blobs/${slot}?versioned_hashes=${wanted.join(",")}`;
    const served = ((await get(query, blobsBody, wanted.length))?.data ?? []).map((hex) => bytesOfHex(hex as Hex));
    const hashes = await hashesOf(served);
    return wanted.map((hash) => {
      const blob = served[hashes.indexOf(hash)];
      if (blob === undefined) throw new Error(`blob ${hash} of slot ${slot} is not served`);
      return blob;
    });
  }
  return {
    blobs: async (block, versionedHashes, own) => {
      const known = own && (await within(own, versionedHashes));
      if (known) return known;
      const faults: string[] = [];
      for (const url of urls) {
        try {
          return await from(url.replace(/\/$/, ""), block, versionedHashes);
        } catch (error) {
          faults.push(`${url}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      throw new L1DataError("l1-blobs", `nobody serves the blobs of L1 block ${block.number}`, {
        expected: versionedHashes.join(" "),
        actual: faults.join("; ") || "no beacon node is known",
        hint: "name beacon nodes of L1 by --l1-beacon-urls; blobs older than 18 days are with archives alone",
      });
    },
  };
}

/** What nobody asked for is neither kept nor committed to. */
async function textOf(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
