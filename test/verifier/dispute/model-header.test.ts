// A model's graph header as its claimant shows it on L1: a stranger's word, of which no proof bounds the counts.
import { type Hex, numberToHex } from "viem";
import { expect, test } from "vitest";
import { graphHeaderBytes, NO_VALUE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { inferTask } from "../../../common/task.ts";
import { WantedError } from "../../../verifier/check/want.ts";
import type { RunSpec } from "../../../verifier/claims/runs.ts";
import { DataUnavailableError } from "../../../verifier/data/client.ts";
import type { Library } from "../../../verifier/data/library.ts";
import { FlawedError } from "../../../verifier/dispute/flawed.ts";
import { openInputs } from "../../../verifier/dispute/inputs.ts";
import { smallTask } from "../../support/small-task.ts";

const word = (n: number): Hex => numberToHex(n, { size: 32 });

/** An inference of a model whose graph only L1 shows, by the header alone. */
function openWith(nextStates: number) {
  const { job, graphs } = smallTask();
  const task = inferTask(job, word(1));
  const counts = { constants: 0, states: 0, feeds: 0, datasetFeeds: 0, nodes: 0, exactCount: 0, looseCount: 0 };
  const encoded = graphHeaderBytes({ kind: 1, ...counts, nextStates, loss: NO_VALUE } as never);
  const no = () => Promise.reject(new DataUnavailableError("absent", "nobody serves it"));
  const graph = async (root: Hex) => (root === task.graph.root ? graphs.infer : no());
  const library: Library = { graph, stateTypes: no, roots: no, tensor: no };
  const training = { ...task, graph: { root: word(3), flops: 0n, bytes_: 0n } };
  const consumed = { claimHash: word(2), task: training, resultRoot: word(4), dataUrl: "" };
  const asked = () => {
    throw new WantedError({ path: "segment", segment: 0 });
  };
  const published = { graphLeaf: () => ({ encoded, siblings: [] }), model: () => undefined, input: asked };
  const spec = { task, seed: ZERO_HASH, consumed } as unknown as RunSpec;
  return {
    states: graphs.infer.stateInputs,
    source: openInputs(
      spec,
      library,
      async () => published as never,
      () => {},
    ),
  };
}

test.each([32_769, 2 ** 32 - 1])("of %i tensors is refused before room is made for them", async (nextStates) => {
  const { source } = openWith(nextStates);
  await expect(source.inputs()).rejects.toMatchObject({ code: "model-states", actual: nextStates });
});

test("of fewer tensors than an inference starts from voids its job; of as many, they are asked for", async () => {
  const { states } = openWith(1);
  const last = Math.max(...states.map(({ source }) => source));
  const refused = await openWith(last)
    .source.inputs()
    .catch((error) => error);
  expect(refused).toBeInstanceOf(FlawedError);
  expect(refused.flaw).toMatchObject({ kind: "source", claimHash: word(2), tensor: undefined });
  await expect(openWith(last + 1).source.inputs()).rejects.toThrow(WantedError);
});
