// Graphs that read places which nobody writes (docs/protocol.md P14.2): L1 finds nothing false in them, so they are run.
import { expect, it } from "vitest";
import { type EncodedGraph, type EncodedNode, OP, PLACE } from "../../../common/graph-encoding.ts";
import { trainTask } from "../../../common/task.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { runnable } from "../../../verifier/graph/runnable.ts";
import { encodeAttributes, encodeGraph } from "../../../verifier/model/encoding.ts";
import { flawOf } from "../../../verifier/model/flaw.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import { graphOfLeaves } from "../../../verifier/model/shown.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { fromBytes, zeros } from "../../../verifier/tensor/tensor.ts";
import { feedTypes } from "../../../verifier/trace/inputs.ts";
import { smallTask } from "../../support/small-task.ts";

const small = smallTask({ sizes: [4, 3, 2], rows: 8, batchRows: 2, stepRoots: true, steps: 1, segmentSteps: 1 });
const sound = encodeGraph(small.graph);
const constants = small.graph.constants.map(({ bytes, value }) => fromBytes(valueAt(small.graph, value), bytes));
const flawIn = (encoded: EncodedGraph) => flawOf(trainTask({ ...small.job, trainGraph: graphRef(encoded) }), encoded);

/** The sound graph, and behind it nodes that each take the first element of a place of its own that nothing writes. */
function withOpen(elements: number, count: number): EncodedGraph {
  const { header } = sound;
  const place = (more: number, shape: number[]) => ({
    place: PLACE.exact,
    index: header.exactCount + more,
    dtype: 1,
    shape,
  });
  const nodes = Array.from({ length: count }, (_, i): EncodedNode => {
    const value = place(2 * i, [elements]);
    return {
      op: OP.Slice,
      attributes: encodeAttributes("Slice", { starts: [0], ends: [1], steps: [1] }),
      flops: 0n,
      bytes_: 4n,
      inputs: [{ value, layout: [], layoutPlace: 0, layoutIndex: 0 }],
      outputs: [place(2 * i + 1, [1])],
    };
  });
  const counts = { nodes: header.nodes + count, exactCount: header.exactCount + 2 * count };
  return { ...sound, header: { ...header, ...counts }, nodes: [...sound.nodes, ...nodes] };
}

const COUNT = 64;
const paid = Number(graphRef(withOpen(1, COUNT)).bytes_) >> 2;

it("a place that nobody writes is no larger than what the job pays for: else the graph voids it", () => {
  expect(flawIn(withOpen(paid, COUNT))).toBeUndefined();
  expect(flawIn(withOpen(paid + 1, COUNT))).toMatchObject({ kind: "leaf", reason: expect.stringMatching(/bytes/) });
});

it("many of them are run, and are zeros that nobody holds before they are read", async () => {
  const graph = graphOfLeaves(withOpen(paid, COUNT), constants);
  const open = graph.shown!.open;
  expect(open).toHaveLength(COUNT);
  const run = runnable(graph);
  expect(run.constants.length).toBe(graph.constants.length + 1);
  const session = await onnxRuntime({ threads: 1 }).open(run);
  try {
    const feeds = feedTypes(graph).map(zeros);
    const firsts = graph.nodes
      .slice(sound.nodes.length)
      .slice(0, COUNT)
      .map(({ output }) => output);
    const read = await session.values(small.start, feeds, firsts);
    expect(read.map(({ data }) => [...data])).toEqual(firsts.map(() => [0]));
  } finally {
    await session.close();
  }
});
