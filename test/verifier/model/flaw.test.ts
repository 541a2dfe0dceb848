import { describe, expect, it } from "vitest";
import { type EncodedGraph, elementCount, PLACE } from "../../../common/graph-encoding.ts";
import { trainTask } from "../../../common/task.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { flawOf } from "../../../verifier/model/flaw.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import { falseLeaf } from "../../../verifier/model/rules.ts";
import { buildFlawWitness } from "../../../verifier/witness/flaw.ts";
import { smallTask } from "../../support/small-task.ts";

const { job, graph } = smallTask();
const sound = encodeGraph(graph);
const taskOf = (encoded: EncodedGraph) => trainTask({ ...job, trainGraph: graphRef(encoded) });

describe("the flaw of a graph", () => {
  it("is none where it is a graph", () => {
    expect(flawOf(taskOf(sound), sound)).toBeUndefined();
  });

  it("is a clash where an operand sees a constant of one element as more", () => {
    const found = sound.nodes.flatMap((node, n) =>
      node.inputs.flatMap(({ value }, operand) => {
        if (value.place !== PLACE.constant || value.shape.length > 0) return [];
        const { shape } = node.outputs[0]!;
        if (elementCount(shape) === 1) return [];
        const inputs = node.inputs.with(operand, { ...node.inputs[operand]!, value: { ...value, shape } });
        const bent: EncodedGraph = { ...sound, nodes: sound.nodes.with(n, { ...node, inputs }) };
        return falseLeaf(taskOf(bent), bent) === undefined ? [{ bent, index: value.index }] : [];
      }),
    );
    expect(found.length).toBeGreaterThan(0);
    for (const { bent, index } of found) {
      const flaw = flawOf(taskOf(bent), bent);
      expect(flaw).toMatchObject({ kind: "clash", first: { of: "constant", index } });
      expect(buildFlawWitness(bent, flaw!).flaw).toBe(4);
    }
  });
});
