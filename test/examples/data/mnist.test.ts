import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IdxError, loadMnist, parseIdx } from "../../../examples/data/mnist.ts";

const IMAGES = 0x803;
const LABELS = 0x801;

const idx = (words: readonly number[], data: readonly number[]): Uint8Array => {
  const file = new Uint8Array(4 * words.length + data.length);
  for (const [i, word] of words.entries()) new DataView(file.buffer).setUint32(4 * i, word);
  file.set(data, 4 * words.length);
  return file;
};

describe("malformed IDX files", () => {
  test.each([
    ["an empty file", new Uint8Array(0)],
    ["a header cut short", idx([IMAGES, 1, 2], [])],
    ["another magic", idx([LABELS, 1, 2, 2], [1, 2, 3, 4])],
    ["other dimensions", idx([IMAGES, 1, 2, 3], [1, 2, 3, 4, 5, 6])],
    ["a row too few", idx([IMAGES, 2, 2, 2], [1, 2, 3, 4])],
    ["surplus bytes", idx([IMAGES, 1, 2, 2], [1, 2, 3, 4, 5])],
  ])("%s", (_, file) => {
    expect(() => parseIdx("images", file, IMAGES, [2, 2])).toThrow(IdxError);
  });

  test("one byte missing is refused, the whole file is read", () => {
    const file = idx([LABELS, 3], [7, 0, 9]);
    expect(() => parseIdx("labels", file.subarray(0, file.length - 1), LABELS, [])).toThrow(IdxError);
    expect(parseIdx("labels", file, LABELS, [])).toEqual({ bytes: Uint8Array.of(7, 0, 9), rows: 3 });
  });

  describe("in a folder", () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "anh-idx-"));
    });
    afterAll(() => rm(folder, { recursive: true }));

    const put = async (labels: readonly number[], rows: number) => {
      for (const prefix of ["train", "t10k"]) {
        const images = idx([IMAGES, rows, 28, 28], new Array(rows * 784).fill(1));
        await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), images);
        await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), idx([LABELS, labels.length], labels));
      }
    };

    test("labels that are no digits or not one per image are refused", async () => {
      await put([1, 10], 2);
      await expect(loadMnist(folder)).rejects.toThrow(/0 to 9/);
      await put([1], 2);
      await expect(loadMnist(folder)).rejects.toThrow(IdxError);
      await put([1, 9], 2);
      await expect(loadMnist(folder)).resolves.toMatchObject({ test: { rows: 2 } });
    });
  });
});

test("the packaged files are the real ones", async () => {
  const { train, test: held } = await loadMnist();
  expect([train.rows, train.images.length, held.rows, held.labels.length]).toEqual([
    60_000, 47_040_000, 10_000, 10_000,
  ]);
  expect(Array.from(train.labels.subarray(0, 10))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
});
