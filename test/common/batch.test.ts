import { describe, expect, it } from "vitest";
import { BATCH_VERSION, decodeBatch, encodeBatch, MAX_DECODED_BYTES, postedSize } from "../../common/batch.ts";
import { compressedLength, compressZeros, expandZeros } from "../../common/zero-runs.ts";
import { type Random, seededRandom } from "../support/random.ts";

const plain = (blocks: (readonly Uint8Array[] | null)[]) =>
  blocks.map((block) => block?.map((raw) => [...raw]) ?? null);

function randomBlocks(random: Random): Uint8Array[][] {
  return Array.from({ length: random.below(5) }, () =>
    Array.from({ length: random.below(4) }, () => {
      const bytes = random.bytes(random.below(600));
      for (let run = random.below(4); run > 0; run--) {
        const from = random.below(bytes.length + 1);
        bytes.fill(0, from, from + random.below(300));
      }
      return bytes;
    }),
  );
}

describe("batch codec", () => {
  it("gives only inbox-only blocks for empty data, another version, and a block that ends early", () => {
    expect(decodeBatch(new Uint8Array(0), 2)).toEqual([null, null]);
    expect(decodeBatch(Uint8Array.of(2, 0, 2), 1)).toEqual([null]);
    expect(decodeBatch(Uint8Array.of(BATCH_VERSION, 0, 1), 1)).toEqual([null]);
    expect(decodeBatch(Uint8Array.of(BATCH_VERSION, 0), 1)).toEqual([null]);
  });

  it("keeps the blocks before a fault and drops that one and all after it", () => {
    const good = encodeBatch([[Uint8Array.of(7, 8)]]);
    const faulty = Uint8Array.from([...good, 0, 0, 0, 2, 0, 2]);
    expect(plain(decodeBatch(faulty, 3))).toEqual([[[7, 8]], null, null]);
  });

  it("ignores a fault that comes after the last block", () => {
    const good = encodeBatch([[Uint8Array.of(7)]]);
    expect(plain(decodeBatch(Uint8Array.from([...good, 0, 0]), 1))).toEqual([[[7]]]);
    expect(plain(decodeBatch(Uint8Array.from([...good, 1, 2, 3]), 1))).toEqual([[[7]]]);
  });

  it("treats a count or length that runs past the stream as a fault", () => {
    expect(decodeBatch(Uint8Array.of(BATCH_VERSION, 255, 255, 1), 1)).toEqual([null]);
    expect(decodeBatch(Uint8Array.of(BATCH_VERSION, 0, 1, 1, 255, 255, 255, 9), 1)).toEqual([null]);
  });

  it("never expands past its limit", () => {
    const bomb = new Uint8Array(200_000).map((_, i) => (i % 2 === 0 ? 0 : 255));
    expect(expandZeros(bomb, MAX_DECODED_BYTES).length).toBe(MAX_DECODED_BYTES);
    expect(expandZeros(Uint8Array.of(0, 5), 5).length).toBe(5);
    expect(expandZeros(Uint8Array.of(0, 5), 4).length).toBe(4);
    const read = decodeBatch(Uint8Array.from([BATCH_VERSION, ...bomb]), 3);
    expect(plain(read)).toEqual([[], [], []]);
  });

  it("codes runs of 1, 255 and 256 zeros", () => {
    for (const length of [1, 255, 256, 510, 511])
      expect([...expandZeros(compressZeros(new Uint8Array(length)), 1000)]).toEqual(new Array(length).fill(0));
    for (const length of [0, 1, 255, 256, 510, 511])
      expect(compressedLength(new Uint8Array(length))).toBe(compressZeros(new Uint8Array(length)).length);
    expect([...compressZeros(new Uint8Array(256))]).toEqual([0, 255, 0, 1]);
  });

  it("returns what was encoded, 2,000 random batches", () => {
    const random = seededRandom(1);
    for (let i = 0; i < 2000; i++) {
      const blocks = randomBlocks(random);
      expect(plain(decodeBatch(encodeBatch(blocks), blocks.length))).toEqual(plain(blocks));
      const bound = blocks.flat().reduce((sum, raw) => sum + postedSize(raw), 1 + 4 * blocks.length);
      expect(encodeBatch(blocks).length).toBeLessThanOrEqual(bound);
    }
  });

  it("is total: 10,000 damaged or random streams decode to a prefix of what was meant, or to something bounded", () => {
    const random = seededRandom(2);
    for (let i = 0; i < 10_000; i++) {
      const data = random.below(2) === 0 ? random.bytes(random.below(300)) : encodeBatch(randomBlocks(random)).slice();
      if (random.below(3) === 0) data[0] = BATCH_VERSION;
      for (let hits = random.below(4); hits > 0 && data.length > 0; hits--)
        data[random.below(data.length)] = random.below(256);
      const cut = data.subarray(0, random.below(data.length + 1));
      const count = random.below(6);
      const blocks = decodeBatch(cut, count);
      expect(blocks.length).toBe(count);
      const firstNull = blocks.indexOf(null);
      if (firstNull >= 0) expect(blocks.slice(firstNull).every((block) => block === null)).toBe(true);
    }
  });

  it("decodes a truncated stream to a prefix of the original", () => {
    const random = seededRandom(3);
    for (let i = 0; i < 500; i++) {
      const blocks = randomBlocks(random);
      const data = encodeBatch(blocks);
      const read = decodeBatch(data.subarray(0, random.below(data.length + 1)), blocks.length);
      read.forEach((block, b) => {
        if (block) expect(plain([block])).toEqual(plain([blocks[b] as Uint8Array[]]));
      });
    }
  });
});
