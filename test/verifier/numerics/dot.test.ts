import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { kBlock, serialSum, strictDot } from "../../../verifier/numerics/dot.ts";
import { operands } from "./random.ts";
import { runOp, SESSION_OPTIONS } from "./run-op.ts";

interface Case {
  m: number;
  n: number;
  k: number;
  transA?: boolean;
  transB?: boolean;
  alpha?: number;
  beta?: number;
  bias?: "row" | "full";
  prepacked?: boolean;
  op?: "MatMul";
}

const shapes = [
  [64, 32, 784],
  [64, 10, 512],
  [128, 10, 1000],
  [16, 64, 2048],
  [33, 17, 331],
  [2, 3, 5],
  [16, 48, 300],
  [5, 16, 4096],
  [5, 65, 1025],
] as const;

const cases: Case[] = [
  ...shapes.flatMap(([m, n, k]) => [
    { m, n, k },
    { m, n, k, transA: true },
    { m, n, k, transB: true },
    { m, n, k, transA: true, transB: true },
    { m, n, k, prepacked: true },
    { m, n, k, op: "MatMul" as const },
  ]),
  { m: 64, n: 10, k: 512, alpha: 0.3 },
  { m: 64, n: 10, k: 512, alpha: 0.3, bias: "row" },
  { m: 64, n: 10, k: 512, bias: "row" },
  { m: 64, n: 10, k: 512, bias: "full", beta: 0.7 },
  { m: 64, n: 10, k: 512, bias: "full", beta: 0.7, alpha: 0.3 },
  { m: 64, n: 200, k: 100, bias: "row", beta: 0.7, alpha: 0.3 },
  { m: 64, n: 20, k: 2100, bias: "row", beta: 0.7, alpha: 0.3 },
  { m: 1, n: 64, k: 777, transA: true, bias: "row" },
  { m: 64, n: 1, k: 777, transB: true },
];

describe("strict dot product equals onnxruntime bit for bit", () => {
  for (const c of cases) {
    test(JSON.stringify(c), async () => {
      const { m, n, k, transA = false, transB = false, alpha = 1, beta = 1, prepacked = false } = c;
      const a = operands("gaussian", m * k, 3);
      const b = operands("gaussian", k * n, 7);
      const bias =
        c.bias === "row" ? operands("gaussian", n, 9) : c.bias === "full" ? operands("gaussian", m * n, 9) : undefined;
      const feeds = [
        { data: a, dims: transA ? [k, m] : [m, k] },
        { data: b, dims: transB ? [n, k] : [k, n] },
        ...(bias ? [{ data: bias, dims: c.bias === "row" ? [n] : [m, n] }] : []),
      ];
      const attributes = { transA: { i: +transA }, transB: { i: +transB }, alpha: { f: alpha }, beta: { f: beta } };
      const options = prepacked ? { ...SESSION_OPTIONS, extra: {} } : SESSION_OPTIONS;
      const y = await runOp(c.op ?? "Gemm", feeds, c.op ? {} : attributes, options, prepacked ? [1] : []);
      const block = kBlock({ n, k, transA, prepacked });
      let different = 0;
      const checked = Math.min(200, m * n);
      for (let t = 0; t < checked; t++) {
        const element = (t * 7919) % (m * n);
        const row = Math.floor(element / n);
        const column = element % n;
        const value = strictDot({
          length: k,
          a: (i) => (transA ? a[i * m + row]! : a[row * k + i]!),
          b: (i) => (transB ? b[column * k + i]! : b[i * n + column]!),
          kBlock: block,
          alpha: Math.fround(alpha),
          beta: Math.fround(beta),
          ...(bias ? { bias: c.bias === "row" ? bias[column]! : bias[element]! } : {}),
        });
        if (value !== y[element]) different++;
      }
      expect(different).toBe(0);
    });
  }
});

describe("serial sum equals ReduceSum over leading axes", () => {
  for (const kind of ["gaussian", "constant", "cancelling"] as const) {
    for (const [rows, columns] of [
      [1, 7],
      [128, 10],
      [100, 784],
      [333, 17],
    ] as const) {
      test(`${kind} ${rows}×${columns}`, async () => {
        const x = operands(kind, rows * columns, 11);
        const y = await runReduceSum(x, rows, columns);
        for (let c = 0; c < columns; c++) expect(serialSum(rows, (r) => x[r * columns + c]!)).toBe(y[c]);
      });
    }
  }
});

// ReduceSum takes its axes as an int64 input, so it has a model of its own.
async function runReduceSum(x: Float32Array, rows: number, columns: number): Promise<Float32Array> {
  const tensorType = { case: "tensorType" as const, value: { elemType: 1 } };
  const bytes = toBinary(
    onnx.ModelProtoSchema,
    create(onnx.ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: create(onnx.GraphProtoSchema, {
        name: "g",
        node: [
          create(onnx.NodeProtoSchema, {
            opType: "ReduceSum",
            input: ["x", "axes"],
            output: ["y"],
            attribute: [create(onnx.AttributeProtoSchema, { name: "keepdims", type: 2, i: 0n })],
          }),
        ],
        input: [create(onnx.ValueInfoProtoSchema, { name: "x", type: { value: tensorType } })],
        initializer: [create(onnx.TensorProtoSchema, { name: "axes", dataType: 7, dims: [1n], int64Data: [0n] })],
        output: [create(onnx.ValueInfoProtoSchema, { name: "y", type: { value: tensorType } })],
      }),
    }),
  );
  const session = await ort.InferenceSession.create(bytes, SESSION_OPTIONS);
  const { y } = await session.run({ x: new ort.Tensor("float32", x, [rows, columns]) });
  return (y!.data as Float32Array).slice();
}
