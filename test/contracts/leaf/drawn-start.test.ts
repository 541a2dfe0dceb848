// Kind 3 of a training whose start is drawn (P4.7): the contract draws one element as the executor draws all.
import { describe, expect, test } from "vitest";
import { INIT } from "../../../common/graph-encoding.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { treeRoot } from "../../../common/merkle.ts";
import { stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { bitsOf } from "../../../verifier/numerics/float32.ts";
import type { InitRule } from "../../../verifier/numerics/start-draw.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, float32, type Tensor, zeros } from "../../../verifier/tensor/tensor.ts";
import { drawnTensor, startList } from "../../../verifier/trace/start.ts";
import { buildDrawnStartWitness, buildStartLinkWitness } from "../../../verifier/witness/structure.ts";
import { contextOf, type LeafCase, leafCase, sourceOf, taskOf, withValue } from "./leaf-case.ts";
import { judge } from "./verifiers.ts";

const SEED = `0x${"5e".repeat(32)}` as const;
const rule = (init: InitRule["init"], scaleBits: number): InitRule => ({ init, scaleBits });

const RULES: readonly InitRule[] = [
  ...[0.1, -1 / 3, 1.5e-45, 3e-42, 2 ** 120, 3.4e38, 0].flatMap((scale) => [
    rule(INIT.uniform, bitsOf(scale)),
    rule(INIT.normal, bitsOf(scale)),
    rule(INIT.fill, bitsOf(scale)),
  ]),
  rule(INIT.fill, 0x80000000),
  rule(INIT.fill, 0x7fa00001),
  rule(INIT.uniform, 0x7f800000),
  rule(INIT.normal, 0xffc00001),
];
/** More than a chunk. */
const SHAPE = [3, 101];
/** Of a tensor that is none of floats a rule says nothing but zeros. */
const COUNTER = { dtype: "int32" as const, shape: [2] };
const named = float32([5], [1, 2, 3, 4, 5]);

const graph = (() => {
  const draft = newDraft();
  const states = RULES.map((r, i) => stateInput(draft, `drawn${i}`, { dtype: "float32", shape: SHAPE }, i, r));
  const counter = stateInput(draft, "counter", COUNTER, RULES.length, rule(INIT.normal, bitsOf(1)));
  const last = stateInput(draft, "named", named);
  return finish(draft, { kind: "train", stateOutputs: [...states, counter, last] });
})();
const start: Tensor[] = [
  ...(await Promise.all(RULES.map((r, i) => drawnTensor({ dtype: "float32", shape: SHAPE }, r, SEED, i)))),
  zeros(COUNTER),
  named,
];
const honest = leafCase(graph, start);
const list = startList(
  graph,
  start.map((tensor) => tensorRoot(bytesOf(tensor))),
);
const drawnFlags = JOB_FLAG.stepRoots | JOB_FLAG.drawnStart;

const contextFor = (leaf: LeafCase, flags: number = drawnFlags, more = {}) =>
  contextOf(leaf, "strict", { task: taskOf(leaf, { flags, startRoot: treeRoot(list) }), seed: SEED, ...more });
const witnessOf = (leaf: LeafCase, state: number, element?: number) =>
  buildDrawnStartWitness(sourceOf(leaf), list, element === undefined ? { state } : { state, element });
const verdict = async (leaf: LeafCase, state: number, element?: number) =>
  (await judge(contextFor(leaf), 3, await witnessOf(leaf, state, element))).wrong;

describe("a drawn element", () => {
  test.each(RULES.map((r, i) => [i, r.init, r.scaleBits.toString(16)] as const))(
    "tensor %d, rule %d of %s: as drawn it stands, one bit beside it falls",
    async (state) => {
      for (const element of [0, 1, 255, 256, 302]) expect(await verdict(honest, state, element)).toBe(false);
      const words = new Uint32Array((start[state]!.data as Float32Array).slice().buffer);
      words[256]! ^= 1;
      const tensor = { ...start[state]!, data: new Float32Array(words.buffer) };
      const lied = leafCase(graph, honest.values.with(state, tensor));
      expect(await verdict(lied, state, 256)).toBe(true);
      expect(await verdict(lied, state, 255)).toBe(false);
    },
  );
  test("of another tensor, or under another seed, is wrong", async () => {
    const swapped = leafCase(graph, honest.values.with(0, start[1]!));
    expect(await verdict(swapped, 0, 7)).toBe(true);
    const witness = await witnessOf(honest, 0, 7);
    expect((await judge(contextFor(honest, drawnFlags, { seed: `0x${"5f".repeat(32)}` }), 3, witness)).wrong).toBe(
      true,
    );
  });
  test("of whole numbers is 0", async () => {
    const state = RULES.length;
    expect(await verdict(honest, state, 1)).toBe(false);
    expect(await verdict(withValue(honest, "counter", 1, 1), state, 1)).toBe(true);
  });
  test("beyond the tensor is none", async () => {
    await expect(witnessOf(honest, 0, 303).then((w) => judge(contextFor(honest), 3, w))).rejects.toThrow();
  });
});

describe("a tensor that the start root names", () => {
  const state = RULES.length + 1;
  test("stands where it is that one, and falls where it is another", async () => {
    expect(await verdict(honest, state)).toBe(false);
    expect(await verdict(withValue(honest, "named", 2, 0), state)).toBe(true);
  });
  test("takes no element", async () => {
    await expect(witnessOf(honest, state, 1).then((w) => judge(contextFor(honest), 3, w))).rejects.toMatchObject({
      errorName: "OpeningsLeft",
    });
  });
});

describe("who is judged so", () => {
  test("no training that begins where its start root says: its link is", async () => {
    const witness = await witnessOf(honest, 0, 0);
    await expect(judge(contextFor(honest, JOB_FLAG.stepRoots), 3, witness)).rejects.toMatchObject({
      errorName: "TrainingHasNoModel",
    });
    const link = buildStartLinkWitness();
    expect((await judge(contextFor(honest, JOB_FLAG.stepRoots), 2, link)).wrong).toBe(true);
    await expect(judge(contextFor(honest), 2, link)).rejects.toMatchObject({ errorName: "NotFirstStep" });
  });
  test("no later step", async () => {
    const witness = await witnessOf(honest, 0, 0);
    await expect(judge(contextFor(honest, drawnFlags, { globalStep: 1 }), 3, witness)).rejects.toMatchObject({
      errorName: "NotFirstStep",
    });
  });
});
