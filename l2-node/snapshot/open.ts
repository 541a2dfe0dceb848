import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { decodeBatch } from "../../common/batch.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { decodeHeader, HeaderError, transactionsRoot } from "../../common/header.ts";
import { keccakHex } from "../../common/keccak.ts";
import type { BatchArchive } from "../l1/batch-archive.ts";
import { decodeArchived, identityOf, MAGIC, SnapshotError, type SnapshotManifest, TAIL_BYTES } from "./format.ts";

export interface Snapshot extends BatchArchive {
  readonly manifest: SnapshotManifest;
  close(): void;
}

const PART_BYTES = 1024 * 1024;

/**
 * Opens a snapshot of `chain`. Throws `SnapshotError` where a byte of it was changed, or it is of another chain. What it says is
 * believed nowhere: L1 has the hash of each batch.
 */
export function openSnapshot(path: string, chain: ChainFile): Snapshot {
  let fd: number;
  try {
    fd = fs.openSync(path, "r");
  } catch (cause) {
    throw new SnapshotError("settings", `the snapshot ${path} cannot be read`, {
      cause,
      actual: path,
      hint: "--snapshot names the file that ./anh node snapshot wrote",
    });
  }
  try {
    const { size } = fs.fstatSync(fd);
    const read = (at: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      for (let done = 0; done < length; ) {
        const count = fs.readSync(fd, bytes, done, length - done, at + done);
        if (count === 0) throw changed(path, "it ends early");
        done += count;
      }
      return bytes;
    };
    const { manifest, end } = readManifest(path, size, read);
    checkChain(path, manifest, chain);
    const places = placesOf(path, end, read);
    if (places.size !== manifest.batches) throw changed(path, "it holds other batches than it says");
    return {
      manifest,
      batch(index, { lastHash, count }) {
        const place = places.get(index);
        if (place === undefined) return undefined;
        const archived = decodeArchived(read(place.at, place.length));
        try {
          checkBatch(path, archived, lastHash, count);
        } catch (error) {
          if (error instanceof HeaderError) throw falseBatch(path, index, "a header is none", "P3.1", error.message);
          throw error;
        }
        return archived;
      },
      close: () => fs.closeSync(fd),
    };
  } catch (error) {
    fs.closeSync(fd);
    throw error instanceof AnhError ? error : changed(path, String(error));
  }
}

type Read = (at: number, length: number) => Buffer;

const changed = (path: string, what: string): SnapshotError =>
  new SnapshotError("snapshot-changed", `${path} is no whole snapshot: ${what}`, {
    hint: "get it anew, or leave --snapshot out: the node reads everything from L1",
  });

const falseBatch = (path: string, batch: bigint, what: string, expected: unknown, actual: unknown): SnapshotError =>
  new SnapshotError("snapshot-false", `batch ${batch} of ${path} is not the one that L1 has: ${what}`, {
    expected,
    actual,
    hint: "whoever made it lies, or followed another L1: leave --snapshot out, and the node reads everything from L1",
  });

function readManifest(path: string, size: number, read: Read): { manifest: SnapshotManifest; end: number } {
  if (size < TAIL_BYTES) throw changed(path, "it is too short");
  const tail = read(size - TAIL_BYTES, TAIL_BYTES);
  if (!tail.subarray(4, 4 + MAGIC.length).equals(MAGIC)) throw changed(path, "it does not end as one");
  const hash = createHash("sha256");
  const covered = size - 32;
  for (let at = 0; at < covered; at += PART_BYTES) hash.update(read(at, Math.min(PART_BYTES, covered - at)));
  const [expected, actual] = [tail.subarray(-32).toString("hex"), hash.digest("hex")];
  if (expected !== actual) throw changed(path, `its SHA-256 is ${actual}, not ${expected}`);
  const end = size - TAIL_BYTES - tail.readUInt32BE(0);
  if (end < 0) throw changed(path, "its manifest is longer than itself");
  const told = read(end, tail.readUInt32BE(0)).toString();
  return { manifest: JSON.parse(told) as SnapshotManifest, end };
}

function checkChain(path: string, manifest: SnapshotManifest, chain: ChainFile): void {
  for (const [field, value] of Object.entries(identityOf(chain))) {
    const [expected, actual] = [value, manifest[field as keyof SnapshotManifest]].map((one) => JSON.stringify(one));
    if (expected !== actual)
      throw new SnapshotError("wrong-chain", `${path} is a snapshot of another chain: its ${field} differs`, {
        expected,
        actual,
        hint: "take one of this chain, or the chain file of that one",
      });
  }
}

interface Place {
  readonly at: number;
  readonly length: number;
}

function placesOf(path: string, end: number, read: Read): Map<bigint, Place> {
  const places = new Map<bigint, Place>();
  for (let at = 0; at < end; ) {
    const length = read(at, 4).readUInt32BE(0);
    if (at + 4 + length > end) throw changed(path, "a batch runs into its manifest");
    places.set(decodeArchived(read(at + 4, length)).batch, { at: at + 4, length });
    at += 4 + length;
  }
  return places;
}

/**
 * Holds a batch to the hash that L1 has of its last header, which binds the headers before it, and these their transactions.
 * Only what L1 had finalized is in a snapshot, so that no fork explains a difference; and no
 * header of another form than this chain's, whose block would be inbox-only.
 */
function checkBatch(
  path: string,
  { batch, headers, data }: ReturnType<typeof decodeArchived>,
  lastHash: string,
  count: number,
): void {
  const refuse = (what: string, expected: unknown, actual: unknown) => falseBatch(path, batch, what, expected, actual);
  if (headers.length !== count) throw refuse("the number of its headers differs", count, headers.length);
  const bodies = decodeBatch(data, headers.length);
  let expected = lastHash;
  for (const [i, bytes] of [...headers.entries()].reverse()) {
    const actual = keccakHex(bytes);
    if (actual !== expected) throw refuse(`header ${i + 1} of ${headers.length} differs`, expected, actual);
    const header = decodeHeader(bytes);
    const root = transactionsRoot(bodies[i] ?? []);
    if (root !== header.transactionsRoot)
      throw refuse(`the transactions of block ${header.number} differ`, header.transactionsRoot, root);
    expected = header.parentHash;
  }
}
