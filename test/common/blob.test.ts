import { describe, expect, it } from "vitest";
import {
  BLOB_BYTES,
  blobCount,
  blobsDataRoot,
  fromBlobs,
  MAX_BLOB_DATA_BYTES,
  toBlobs,
  versionedHashOf,
} from "../../common/blob.ts";
import { seededRandom } from "../support/random.ts";

/** Data of a first blob: 4,096 × 31 bytes less the length field. */
const ONE = 4096 * 31 - 4;
const random = seededRandom(4844);

describe("data in blobs", () => {
  it.each([
    [0, 1],
    [1, 1],
    [26, 1],
    [27, 1],
    [28, 1],
    [ONE - 1, 1],
    [ONE, 1],
    [ONE + 1, 2],
    [MAX_BLOB_DATA_BYTES - 1, 6],
    [MAX_BLOB_DATA_BYTES, 6],
  ])("%i bytes come back from %i blobs", (length, count) => {
    const data = random.bytes(length);
    const blobs = toBlobs(data);
    expect(blobs.map((blob) => blob.length)).toEqual(Array(count).fill(BLOB_BYTES));
    expect(blobCount(length)).toBe(count);
    expect(Buffer.compare(fromBlobs(blobs), data)).toBe(0);
  });

  it("no element reaches the modulus: each begins with zero", () => {
    const blobs = toBlobs(new Uint8Array(ONE + 1).fill(0xff));
    for (const blob of blobs) for (let at = 0; at < BLOB_BYTES; at += 32) expect(blob[at]).toBe(0);
  });

  it("more than six blobs hold is refused, with both sizes", () => {
    expect(() => toBlobs(new Uint8Array(MAX_BLOB_DATA_BYTES + 1))).toThrowError(
      expect.objectContaining({
        code: "blob-room",
        expected: MAX_BLOB_DATA_BYTES,
        actual: MAX_BLOB_DATA_BYTES + 1,
      }),
    );
  });

  it("any blobs give bytes: first bytes of elements do not count, too long a length gives none", () => {
    const [blob] = toBlobs(Uint8Array.of(1, 2, 3)) as [Uint8Array];
    const loud = blob.slice();
    for (let at = 0; at < BLOB_BYTES; at += 32) loud[at] = 0x73;
    expect(fromBlobs([loud])).toEqual(Uint8Array.of(1, 2, 3));
    const withLength = (length: number) => {
      const changed = blob.slice();
      new DataView(changed.buffer).setUint32(1, length);
      return changed;
    };
    expect(fromBlobs([withLength(ONE)])).toHaveLength(ONE);
    expect(fromBlobs([withLength(ONE + 1)])).toHaveLength(0);
    expect(fromBlobs([withLength(0xffffffff)])).toHaveLength(0);
    expect(fromBlobs([])).toHaveLength(0);
  });
});

describe("what L1 knows of blobs", () => {
  it("the empty blob's versioned hash, as EIP-4844 clients give it", () => {
    // The commitment to zero is the point at infinity.
    const infinity = Uint8Array.of(0xc0, ...new Array(47).fill(0));
    expect(versionedHashOf(infinity)).toBe("0x010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014");
  });

  it("the root is the SHA-256 of all hashes in order", () => {
    const [one, two] = [`0x01${"11".repeat(31)}`, `0x01${"22".repeat(31)}`] as const;
    expect(blobsDataRoot([])).toBe("0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(blobsDataRoot([one, two])).not.toBe(blobsDataRoot([two, one]));
    expect(blobsDataRoot([one])).not.toBe(blobsDataRoot([one, two]));
  });
});
