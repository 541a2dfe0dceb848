import { afterAll, beforeAll, expect, test } from "vitest";
import { isolate } from "../../../verifier/check/isolate.ts";
import { firstWrongElement } from "../../../verifier/check/nodes.ts";
import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";

const TERMS = 16;
const draft = newDraft();
const a = batchInput(draft, "a", { dtype: "float32", shape: [2, TERMS] });
const b = batchInput(draft, "b", { dtype: "float32", shape: [TERMS, 2] });
const graph = finish(draft, {
  kind: "infer",
  stateOutputs: [emit(draft, "Gemm", [a, b], { transA: 0, transB: 0 })],
});
const isolated = isolate(graph);
let session: Session;
beforeAll(async () => {
  session = await onnxRuntime({ threads: 1 }).open(isolated.graph);
});
afterAll(() => session.close());

/** Products of 2^127 in turn added and taken off: the sum is 0, but that of their absolute values is beyond binary32. */
const left = float32(
  [2, TERMS],
  Array.from({ length: 2 * TERMS }, (_, k) => (k % 2 === 0 ? 2 ** 64 : -(2 ** 64))),
);
const right = float32([TERMS, 2], new Float32Array(2 * TERMS).fill(2 ** 63));
const judged = (result: readonly number[]) =>
  firstWrongElement(graph, { isolated, session }, "tolerant", [left, right, float32([2, 2], result)] as Tensor[]);

test("a lie about a sum whose magnitude overflows is found", async () => {
  expect(await judged([0, 0, 0, 0])).toBeUndefined();
  expect(await judged([0, 0, 0, 2 ** 126])).toEqual({ kind: "element", node: 0, element: 3 });
});
