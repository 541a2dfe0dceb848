import { afterAll, expect, test } from "vitest";
import { readTensors } from "../../../cli/job/dataset-file.ts";
import { float32 } from "../../../verifier/tensor/tensor.ts";
import { labels, openJobFiles, x } from "../job-files.ts";

const { dataset, close } = openJobFiles();
afterAll(close);

test("tensors of a dataset come in the order asked for; one that is not there, or has no rows, is named", () => {
  const file = dataset({ x, labels, one: float32([], [1]) });
  expect(readTensors(file, ["labels", "x"]).columns.map(({ name }) => name)).toEqual(["labels", "x"]);
  expect(() => readTensors(file, ["x", "y"])).toThrow(/no tensor y/);
  expect(() => readTensors(file, ["one"])).toThrow(/one is float32\[\]/);
});
