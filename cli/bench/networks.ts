import { trainTask } from "../../common/task.ts";
import { mainnetClocks } from "../../deploy/clocks.ts";
import { characterGpt, digitsCnn, digitsCnnSpec, digitsMlpSpec } from "../../examples/networks.ts";
import { gptGraphs } from "../../verifier/model/gpt.ts";
import { buildJob } from "../../verifier/model/job.ts";
import type { ModelGraphs } from "../../verifier/model/mlp.ts";
import { uniformStart } from "../../verifier/model/start.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";
import type { TaskInputs } from "../../verifier/trace/inputs.ts";
import { BENCH_REQUESTER, BENCH_SEED } from "./digits.ts";

/** What the schedules go by, so that a bench's graph does not depend on how long it measures. */
const SCHEDULED_STEPS = 3000;

export const cnnTraining = (digits: Dataset, steps: number): TaskInputs =>
  training(digitsCnn(SCHEDULED_STEPS), digits, steps);

const VOCABULARY = 96;
const GPT_ROWS = 4096;

/** What PyTorch builds the same networks from. */
export const PEER_SPECS = {
  mlp: digitsMlpSpec({ seed: 1, batchRows: 128 }),
  cnn: digitsCnnSpec(SCHEDULED_STEPS),
  gpt: characterGpt(VOCABULARY, SCHEDULED_STEPS),
};

/** What the characters are is no matter of time. */
export const gptTraining = (steps: number): TaskInputs => {
  const spec = characterGpt(VOCABULARY, SCHEDULED_STEPS);
  const ids = (stream: number): Uint8Array =>
    Uint8Array.from(
      uniformStart(1, stream, GPT_ROWS * spec.positions, 0.5),
      (value) => (value + 0.5) * (VOCABULARY - 1),
    );
  const tensor = (stream: number) =>
    ({ dtype: "uint8", shape: [GPT_ROWS, spec.positions], data: ids(stream) }) as const;
  return training(gptGraphs(spec), datasetOf([tensor(0), tensor(1)]), steps);
};

/** A strict training of these graphs, as long as a bench wants it. */
export function training(graphs: ModelGraphs, dataset: Dataset, steps: number): TaskInputs {
  const { job } = buildJob({
    l2ChainId: 1n,
    requester: BENCH_REQUESTER,
    salt: BENCH_SEED,
    graphs,
    dataset,
    steps,
    profile: "strict",
    flags: [],
    priceWeiPerGflop: 0n,
    deadline: 0n,
    windowSeconds: 60,
    answerSeconds: mainnetClocks.answerSeconds,
  });
  const { graph, state } = graphs.train;
  return { task: trainTask(job), seed: BENCH_SEED, graph, dataset, start: state.map(({ start }) => start) };
}
