import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../../cli/paths.ts";
import { exportedClassifier, int, model, node, port, weights } from "../support/onnx-model.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function check(file: Uint8Array | string, ...options: readonly string[]) {
  const path = typeof file === "string" ? file : join(folder, "model.onnx");
  if (typeof file !== "string") writeFileSync(path, file);
  return spawnSync(process.execPath, ["cli/main.ts", "model", "check", path, ...options], {
    cwd: ROOT,
    encoding: "utf8",
  });
}

const report = (file: Uint8Array, ...options: readonly string[]) => {
  const { status, stdout } = check(file, "--json", ...options);
  return { status, ...JSON.parse(stdout) };
};

describe("what is no model, or cannot be read", () => {
  test.each([
    ["no such file", () => join(folder, "nowhere.onnx"), [], 2, "cannot be read"],
    ["a folder", () => folder, [], 2, "cannot be read"],
    ["no ONNX", () => Uint8Array.of(1, 2, 3), [], 1, "expected an ONNX file"],
    ["an old opset", () => model([], [], 12), [], 1, "opset 13 or newer"],
    ["no batch", () => exportedClassifier(), ["--batch-rows", "0"], 2, '--batch-rows is "0"'],
    ["an unknown precision", () => exportedClassifier(), ["--precision", "fp8"], 2, "fp32, tf32, bf16, fp16"],
    ["a dimension without size", () => exportedClassifier(), ["--dim", "batch"], 2, '--dim is "batch"'],
  ])("%s", (_, file, options, status, message) => {
    const ended = check(file(), ...options);
    expect(ended.stderr).toContain(message);
    expect(ended).toMatchObject({ status, stdout: "" });
  });

  test("tensors in files outside the model's folder are not read", () => {
    writeFileSync(join(folder, "secret"), new Uint8Array(16));
    const elsewhere = (location: string) =>
      create(onnx.TensorProtoSchema, {
        name: "w",
        dims: [2n, 2n],
        dataType: 1,
        dataLocation: 1,
        externalData: [{ key: "location", value: location }],
      });
    const file = (location: string) =>
      model([node("MatMul", ["x", "w"], "y")], [elsewhere(location)], 17, { input: [port("x", ["batch", 2])] });
    expect(check(file("/etc/hostname")).stderr).toContain("/etc/hostname beside the model");
    expect(check(file("../../etc/hostname")).stderr).toContain("beside the model");
    expect(report(file("secret")).parameters.values).toBe(4);
  });
});

test("every node that cannot be run is named with op, opset and a way out, also behind another one", () => {
  const file = model(
    [
      node("LSTM", ["x"], "h"),
      node("Relu", ["h"], "r"),
      node("Gelu", ["r"], "g", [], "com.microsoft"),
      node("MatMul", ["x", "w"], "m"),
      node("Add", ["g", "m"], "y"),
    ],
    [weights("w", [7, 2])],
  );
  const { status, unsupported, inference, training, profiles } = report(file);
  expect(status).toBe(1);
  expect(unsupported.map(({ node, op, opset }: Record<string, unknown>) => [node, op, opset])).toEqual([
    ["/LSTM", "LSTM", 17],
    ["/Gelu", "com.microsoft.Gelu", 17],
    ["/MatMul", "MatMul", 17],
  ]);
  for (const { what, hint } of unsupported) expect(`${what} ${hint}`).toMatch(/not supported Supported: Abs|Check the/);
  expect([inference, training, profiles]).toEqual([null, null, []]);
  const text = check(file);
  expect(text.status).toBe(1);
  for (const name of ["/LSTM", "/Gelu", "/MatMul"]) expect(text.stdout).toContain(`  ${name}: `);
});

describe("an exported classifier", () => {
  test("can be a job in both profiles; parameters, costs and the dearest proof are said", () => {
    const { status, profiles, parameters, inference, training } = report(exportedClassifier());
    expect(status).toBe(0);
    expect(profiles).toEqual(["strict", "tolerant", "tolerant-gpu"]);
    const values = 8 * 12 + 8 + 8 * 5 + 5;
    expect(parameters).toEqual({ tensors: 4, values, bytes: 4 * values });
    expect(inference.rows).toBe(1);
    expect(training.rows).toBe(64);
    // Two products of one row, by hand, and little besides.
    expect(inference.flops).toBeGreaterThan(2 * (8 * 12 + 8 * 5));
    expect(training.flops).toBeGreaterThan(3 * 64 * 2 * (8 * 12 + 8 * 5) * 0.8);
    expect(inference.worstLeaf.strict.node).toBe("/Gemm.gemm");
    expect(inference.worstLeaf.strict.gas).toBeGreaterThan(inference.worstLeaf.tolerant.gas);
    expect(inference.unprovable).toEqual({ strict: [], tolerant: [], "tolerant-gpu": [] });
  });

  test("--batch-rows sizes the training step, --dim a dimension of its name", () => {
    expect(report(exportedClassifier(), "--batch-rows", "7").training.rows).toBe(7);
    const named = report(exportedClassifier(), "--dim", "batch=1", "--batch-rows", "1");
    expect(named.inputs).toEqual(["x float32[1,1,4,3]"]);
  });

  test("--precision adds the nodes that round, to the costs too", () => {
    const [wide, narrow] = ["fp32", "bf16"].map((name) => report(exportedClassifier(), "--precision", name));
    expect([wide.precision, narrow.precision, narrow.status]).toEqual(["fp32", "bf16", 0]);
    // x, the hidden layer and both weights
    expect(narrow.inference.nodes - wide.inference.nodes).toBe(4 * 3);
    expect(narrow.training.flops).toBeGreaterThan(wide.training.flops);
    expect(check(exportedClassifier(), "--precision", "bf16").stdout).toContain("precision   bf16");
  });

  test("text says the same for people", () => {
    const { status, stdout } = check(exportedClassifier());
    expect(status).toBe(0);
    expect(stdout).toContain("parameters  149 in 4 tensors, 596 bytes");
    expect(stdout).toContain("inference, 1 row");
    expect(stdout).toContain("can be a job in: strict, tolerant, tolerant-gpu");
  });
});

test("what only one profile can judge is named for the other, by the model's own node", () => {
  const file = model(
    [node("Max", ["x", "x2"], "m"), node("MatMul", ["m", "w"], "y")],
    [weights("w", [4, 3]), weights("x2", [4])],
    17,
    { input: [port("x", ["batch", 4])] },
  );
  const { status, profiles, inference } = report(file);
  expect(status).toBe(0);
  expect(profiles).toEqual(["tolerant", "tolerant-gpu"]);
  expect(inference.unprovable.strict.map(({ node }: { node: string }) => node)).toEqual(["/Max.max"]);
  expect(inference.unprovable.tolerant).toEqual([]);
});

test("a product of more terms than one proof adds up is judged in parts, but not in the gpu column", () => {
  const file = model([node("MatMul", ["x", "w"], "y")], [weights("w", [20_000, 2])], 17, {
    input: [port("x", ["batch", 20_000])],
  });
  const { unprovable } = report(file).inference;
  expect(unprovable).toMatchObject({
    strict: [],
    tolerant: [],
    "tolerant-gpu": [{ what: "its leaf adds 20000 terms" }],
  });
});

test("without parameters there is nothing to train, and it is said", () => {
  const { status, untrainable, training } = report(
    model([node("Softmax", ["x"], "y", [int("axis", -1)])], [], 17, { input: [port("x", ["batch", 4])] }),
  );
  expect(status).toBe(1);
  expect(training).toBeNull();
  expect(untrainable).toContain("no parameters");
});

const two = [port("x", ["batch", 4]), port("z", ["batch", 4])];
test.each([
  [
    "a batch that is fixed in the file",
    [port("x", [2, 4])],
    [4, 5],
    'got float32[2,4]: torch.onnx.export(…, dynamic_axes={"x": {0: "batch"}})',
  ],
  ["a second input", two, [4, 5], "one input, which a contract asks with"],
  ["an answer too long for a contract", [port("x", ["batch", 4])], [4, 300], "at most 1024 bytes for one row"],
  ["a last position too long for one", [port("x", ["batch", 2, 4])], [4, 300], "bytes for one row, got float32[1,300]"],
  ["a row too long for a contract", [port("x", ["batch", 5, 4096])], [4096, 2], "a row of at most 65536 bytes"],
])("what no contract could ask cannot be a job: %s", (_, input, shape, reason) => {
  const nodes = [node("Add", ["x", input.at(-1)!.name], "s"), node("MatMul", ["s", "w"], "y")];
  const file = model(nodes, [weights("w", shape)], 17, { input });
  const { status, untrainable, training } = report(file);
  expect([status, training]).toEqual([1, null]);
  expect(untrainable).toContain(reason);
  const { stdout } = check(file);
  expect(stdout).toContain(reason);
  expect(stdout).toMatch(/\n\nno job as it is: it cannot be trained\n$/);
});
