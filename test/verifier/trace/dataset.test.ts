import { afterEach, describe, expect, it } from "vitest";
import { treeRoot } from "../../../common/merkle.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { datasetOf, datasetRoot } from "../../../verifier/trace/dataset.ts";
import { type Gatherer, openGatherer } from "../../../verifier/trace/gather.ts";
import { DatasetError, gatherRows } from "../../../verifier/trace/gather-rows.ts";
import { rowsOfStep } from "../../../verifier/trace/rows.ts";

const images: Tensor = { dtype: "uint8", shape: [5, 3], data: Uint8Array.from({ length: 15 }, (_, i) => i) };
const labels: Tensor = { dtype: "int64", shape: [5], data: BigInt64Array.from([9n, 8n, 7n, 6n, 5n]) };

describe("a dataset", () => {
  it("refuses tensors that differ in rows, are bool, or none at all", () => {
    const short: Tensor = { dtype: "uint8", shape: [4], data: new Uint8Array(4) };
    const bool: Tensor = { dtype: "bool", shape: [5], data: new Uint8Array(5) };
    expect(() => datasetOf([images, short])).toThrow(DatasetError);
    expect(() => datasetOf([bool])).toThrow(DatasetError);
    expect(() => datasetOf([])).toThrow(DatasetError);
    expect(() => datasetOf([{ dtype: "uint8", shape: [], data: new Uint8Array(1) }])).toThrow(DatasetError);
  });

  it("has the tree of its tensors' roots as root", () => {
    expect(datasetRoot(datasetOf([images, labels]))).toBe(
      treeRoot([tensorRoot(bytesOf(images)), tensorRoot(bytesOf(labels))]),
    );
    expect(datasetRoot(datasetOf([images]))).toBe(tensorRoot(bytesOf(images)));
  });

  it("gathers rows in the order asked, repeated ones too, and refuses one beyond the end", () => {
    expect([...gatherRows(bytesOf(images), 3, [4, 0, 4])]).toEqual([12, 13, 14, 0, 1, 2, 12, 13, 14]);
    expect(gatherRows(bytesOf(images), 3, [])).toHaveLength(0);
    expect(() => gatherRows(bytesOf(images), 3, [5])).toThrow(DatasetError);
  });
});

describe("the gathering thread", () => {
  let gatherer: Gatherer | undefined;
  afterEach(async () => gatherer?.close());

  it("answers with the feeds of consecutive steps, and with an error for rows that do not exist", async () => {
    gatherer = openGatherer(datasetOf([images, labels]));
    const order = { sequential: false, seed: `0x${"11".repeat(32)}`, datasetRows: 5, batchRows: 3, masks: [] } as const;
    const [x, y] = await gatherer.feeds(order, 2, 2);
    const rows = [...rowsOfStep(order, 2), ...rowsOfStep(order, 3)];
    expect(x).toEqual(gatherRows(bytesOf(images), 3, rows));
    expect(y).toEqual(gatherRows(bytesOf(labels), 8, rows));
    await expect(gatherer.feeds({ ...order, sequential: true }, 1, 1)).rejects.toThrow("row 5");
  });

  it("fills memory again that was handed back, and no other", async () => {
    const column = (first: number): Tensor => ({
      dtype: "uint8",
      shape: [5],
      data: Uint8Array.from({ length: 5 }, (_, i) => first + i),
    });
    const twins = datasetOf([column(10), column(20)]);
    gatherer = openGatherer(twins);
    const order = { sequential: true, seed: `0x${"00".repeat(32)}`, datasetRows: 5, batchRows: 2, masks: [] } as const;
    const step = (first: number) => twins.tensors.map((tensor) => [...tensor.data.slice(2 * first, 2 * first + 2)]);
    const kept = await gatherer.feeds(order, 0, 1);
    gatherer.reuse(await gatherer.feeds(order, 1, 1));
    const refilled = await gatherer.feeds(order, 0, 1);
    expect(refilled.map((feed) => [...feed])).toEqual(step(0));
    expect(kept.map((feed) => [...feed])).toEqual(step(0));
    gatherer.reuse(refilled);
    const longer = await gatherer.feeds(order, 0, 2); // of another size
    expect(longer.map((feed) => [...feed])).toEqual(step(0).map((rows, i) => [...rows, ...step(1)[i]!]));
  });
});
