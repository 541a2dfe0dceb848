// What is refused before anything is uploaded, and where no node answers. The way to a trained network: test/examples.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { type CreateJobOptions, createJob } from "../../cli/commands/create-job.ts";
import { ROOT } from "../../cli/paths.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { model, node, port, weights } from "../support/onnx-model.ts";
import { randomTensor } from "../support/tensors.ts";
import { labels, openJobFiles, ROWS, random, x } from "./job-files.ts";

const { at, dataset, options, bought, close } = openJobFiles();
afterAll(close);

describe("refused, with the value and what would do", () => {
  const some = (values: readonly number[]): Tensor => ({
    dtype: "uint8",
    shape: [ROWS],
    data: Uint8Array.from(values),
  });
  const bad = new Float32Array(x.data as Float32Array);
  // Whole numbers that the scale makes as large as numbers get.
  const big: Tensor = { ...x, dtype: "int32", data: new Int32Array(x.data.length).fill(2 ** 31 - 1) };
  bad[12 * 7] = Number.POSITIVE_INFINITY;
  test.each<[string, Partial<Record<keyof CreateJobOptions, unknown>>, Record<string, Tensor>, string, RegExp]>([
    ["a model that is not there", { model: at("no.onnx") }, { x, labels }, "usage", /no\.onnx cannot be read/],
    ["an unknown loss", { loss: "hinge" }, { x, labels }, "usage", /--loss is "hinge"/],
    ["an unknown profile", { profile: "toString" }, { x, labels }, "usage", /--profile/],
    ["an unknown precision", { precision: "bf17" }, { x, labels }, "usage", /--precision is "bf17"/],
    ["a loss scale that rounds", { lossScale: "1000" }, { x, labels }, "usage", /--loss-scale is "1000"/],
    ["no loss scale", { lossScale: "0" }, { x, labels }, "usage", /--loss-scale is "0"/],
    ["a frozen tensor that is not there", { freeze: ["w9"] }, { x, labels }, "model-file", /a tensor w9, which/],
    ["nothing left to train", { freeze: ["w0", "b0", "w1", "b1"] }, { x, labels }, "model-file", /initializers/],
    ["no node, in fp16", { precision: "fp16" }, { x, labels }, "node-unavailable", /no node answers/],
    ["a requester that is no address", { requester: "0x12" }, { x, labels }, "usage", /--requester/],
    ["no steps", { steps: "0" }, { x, labels }, "usage", /--steps/],
    ["a negative price", { priceWeiPerGflop: "-1" }, { x, labels }, "usage", /--price-wei-per-gflop/],
    ["ignored labels without classes", { loss: "mse", ignoreLabel: "3" }, { x, labels }, "usage", /--ignore-label/],
    ["data of other names", {}, { images: x, labels }, "dataset", /holds images, labels/],
    ["two targets", {}, { x, labels, more: labels }, "dataset", /holds x, labels, more/],
    ["a file that is no dataset", { dataset: at("net.onnx") }, {}, "safetensors", /net\.onnx: .*expected .*, got /],
    [
      "a file that is no model",
      { model: at("no-model") },
      { x, labels },
      "model-file",
      /no-model: .*expected an ONNX file/,
    ],
    ["no target", {}, { x }, "dataset", /holds x$/],
    [
      "rows that differ",
      {},
      { x, labels: { ...some([1, 2, 3]), shape: [3] } },
      "dataset-rows",
      /data\.safetensors: labels is uint8\[3\]/,
    ],
    [
      "a label beyond the classes",
      {},
      { x, labels: some(new Array(ROWS).fill(5)) },
      "dataset",
      /labels holds 5 in row 0/,
    ],
    [
      "a target that the loss does not take",
      { loss: "mse" },
      { x, labels },
      "target",
      /data\.safetensors: labels, the target of --loss mse: expected numbers of shape/,
    ],
    ["an infinite number", {}, { x: { ...x, data: bad }, labels }, "dataset", /x holds Infinity in row 7/],
    [
      "more rows a step than there are",
      { batchRows: "21" },
      { x, labels },
      "usage",
      /--batch-rows is 21, and .*data\.safetensors holds 20 rows/,
    ],
    ["a window without end", { windowSeconds: "2592001" }, { x, labels }, "usage", /--window-seconds is "2592001"/],
    ["rows beyond the end", { sequentialRows: true }, { x, labels }, "usage", /= 40 rows, each once, and .* 20 rows/],
    [
      "more steps than rows",
      { sequentialRows: true, steps: "21" },
      { x, labels },
      "usage",
      /--sequential-rows reads a row once/,
    ],
    [
      "a rate that leaves the numbers",
      { optimizer: "sgd:3e38", scale: "1e20" },
      { x: big, labels },
      "not-finite",
      /first step/,
    ],
    ["no node", {}, { x, labels }, "node-unavailable", /no node answers at http:\/\/127\.0\.0\.1:1/],
    ["samples of no rows", { samples: "8" }, { x, labels }, "usage", /--samples without --held-out/],
    [
      "a deliverer of a training",
      { deliverer: options.requester },
      { x, labels },
      "usage",
      /--deliverer without --held-out/,
    ],
    [
      "held-out rows alone",
      { heldOut: at("data.safetensors") },
      { x, labels },
      "usage",
      /--held-out without --samples/,
    ],
    ["a price that is none", { ...bought(), priceEth: "1e-3" }, { x, labels }, "usage", /--price-eth is "1e-3"/],
    [
      "a deliverer that is no address",
      { ...bought(), deliverer: "bob" },
      { x, labels },
      "usage",
      /--deliverer is "bob"/,
    ],
    [
      "weights bought in tolerant",
      { ...bought(), profile: "tolerant" },
      { x, labels },
      "usage",
      /"tolerant" with --held-out/,
    ],
    [
      "weights that nobody can count on",
      { ...bought({ x, values: randomTensor(random, "float32", [ROWS, 5]) }), loss: "mse" },
      { x, values: randomTensor(random, "float32", [ROWS, 5]) },
      "usage",
      /no right answers can be counted/,
    ],
    [
      "more right than samples",
      { ...bought(), minCorrect: "9" },
      { x, labels },
      "bad-job",
      /^--min-correct is 9; expected at most the 8/,
    ],
    [
      "samples that no steps come to",
      { ...bought(), samples: "6" },
      { x, labels },
      "bad-job",
      /^--samples is 6; expected a positive multiple of 4/,
    ],
    [
      "held-out rows of another shape",
      bought({ x: labels, labels }),
      { x, labels },
      "dataset",
      /held-out\.safetensors: x is uint8/,
    ],
    ["held-out rows without a target", bought({ x }), { x, labels }, "dataset", /held-out\.safetensors.*labels/],
    [
      "a held-out label beyond the classes",
      bought({ x, labels: some(new Array(ROWS).fill(5)) }),
      { x, labels },
      "dataset",
      /held-out.*labels holds 5 in row 0/,
    ],
  ])("%s", async (_, changes, tensors, code, message) => {
    writeFileSync(at("no-model"), "PK\u0003\u0004 no model");
    const refused = createJob({ ...options, dataset: dataset(tensors), ...changes } as never);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

const refusal = (changes: object) => createJob({ ...options, ...changes } as never).catch((error) => error);

test("whose fault it is: rows of another shape or type are the dataset's, a fixed batch is the model's", async () => {
  const wide = randomTensor(random, "float32", [ROWS, 1, 4, 4]);
  const fitting = await refusal({ dataset: dataset({ x: wide, labels }) });
  expect(fitting.message).toMatch(
    /^\S+data\.safetensors: rows of x: expected \[1,4,3\], as the model's, got \[1,4,4\]$/,
  );
  expect(fitting.hint).toMatch(/^the model, \S+net\.onnx, takes such rows/);
  const fixed = at("fixed.onnx");
  writeFileSync(
    fixed,
    model([node("Relu", ["v"], "r"), node("MatMul", ["r", "w"], "y")], [weights("w", [3, 5])], 17, {
      input: [port("v", [2, 3])],
    }),
  );
  const values = randomTensor(random, "float32", [ROWS, 3]);
  const { message, hint } = await refusal({ model: fixed, dataset: dataset({ v: values, labels }) });
  expect(message).toMatch(/fixed\.onnx: input v of the model: expected a symbolic first dimension/);
  expect(hint).toContain('dynamic_axes={"v": {0: "batch"}}');
});

test("a number of samples that is refused is explained by the option that decides it", async () => {
  expect(await refusal({ ...bought(), dataset: dataset({ x, labels }), samples: "6" })).toMatchObject({
    actual: 6,
    hint: expect.stringContaining("--evaluate-batch-rows"),
  });
});

test("a hint is about what is wrong: a text in the dataset's place, a label, a number that is none", async () => {
  const csv = at("data.csv");
  writeFileSync(csv, "x0,x1,label\n0.5,0.25,1\n");
  const text = await refusal({ dataset: csv });
  expect(text.message).toContain('got "x0,x1,label\\n0.5,"');
  expect(text.hint).toContain("save_file");
  const label = { dtype: "uint8", shape: [ROWS], data: new Uint8Array(ROWS).fill(5) } as const;
  expect((await refusal({ dataset: dataset({ x, labels: label }) })).hint).toContain("--ignore-label");
  const holes = { ...x, data: new Float32Array(x.data.length).fill(Number.NaN) };
  expect((await refusal({ dataset: dataset({ x: holes, labels }) })).hint).toContain("leave such rows out");
});

test("the command names every node that cannot be run, in JSON, and fails", () => {
  const file = model([node("LSTM", ["x"], "h"), node("GRU", ["h"], "y")], [weights("w", [4, 2])], 17, {
    input: [port("x", ["batch", 1, 4, 3])],
  });
  writeFileSync(at("recurrent.onnx"), file);
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...["cli/main.ts", "job", "create", "--model", at("recurrent.onnx"), "--dataset", dataset({ x, labels })],
      ...["--loss", "ce", "--optimizer", "sgd:1", "--steps", "1", "--requester", options.requester, "--json"],
    ],
    { cwd: ROOT, encoding: "utf8" },
  );
  const { error } = JSON.parse(stdout);
  expect([status, error.code]).toEqual([1, "model-unsupported"]);
  expect(error.refusals.map(({ node: name }: { node: string }) => name)).toEqual([
    "/LSTM (LSTM, opset 17)",
    "/GRU (GRU, opset 17)",
  ]);
  expect(error.hint).toContain("Supported: Abs");
});
