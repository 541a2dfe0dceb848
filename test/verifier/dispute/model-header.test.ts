// A model's graph header as its claimant shows it on L1: a stranger's word, of which no proof bounds the counts.
import { type Hex, numberToHex } from "viem";
import { expect, test } from "vitest";
import { graphHeaderBytes, NO_VALUE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { inferTask } from "../../../common/task.ts";
import type { Published } from "../../../verifier/check/published.ts";
import type { RunSpec } from "../../../verifier/claims/runs.ts";
import { DataUnavailableError } from "../../../verifier/data/client.ts";
import type { Library } from "../../../verifier/data/library.ts";
import { openInputs } from "../../../verifier/dispute/inputs.ts";
import { smallTask } from "../../support/small-task.ts";

const word = (n: number): Hex => numberToHex(n, { size: 32 });

test.each([32_769, 2 ** 32 - 1])("of %i tensors is refused before room is made for them", async (nextStates) => {
  const { job, graphs } = smallTask();
  const task = inferTask(job, word(1));
  const counts = { constants: 0, states: 0, feeds: 0, datasetFeeds: 0, nodes: 0, exactCount: 0, looseCount: 0 };
  const encoded = graphHeaderBytes({ kind: 1, ...counts, nextStates, loss: NO_VALUE } as never);
  const no = () => Promise.reject(new DataUnavailableError("absent", "nobody serves it"));
  const graph = async (root: Hex) => (root === task.graph.root ? graphs.infer : no());
  const library: Library = { graph, stateTypes: no, roots: no, tensor: no };
  const training = { ...task, graph: { root: word(3), flops: 0n, bytes_: 0n } };
  const consumed = { claimHash: word(2), task: training, resultRoot: word(4), dataUrl: "" };
  const published = { graphLeaf: () => ({ encoded, siblings: [] }), model: () => undefined, leaf: () => undefined };
  const spec = { task, seed: ZERO_HASH, consumed } as unknown as RunSpec;
  const source = openInputs(spec, library, async () => published as unknown as Published);
  await expect(source.inputs()).rejects.toMatchObject({ code: "model-states", actual: nextStates });
});
