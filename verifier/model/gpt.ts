import { softmaxCrossEntropy } from "../autodiff/loss.ts";
import type { Optimizer } from "../autodiff/optimizer.ts";
import { type Model, type StateSpec, trainStep } from "../autodiff/train-step.ts";
import { batchInput, type Draft, emit, rename, stateInput } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import { type Graph, type ValueId, ZERO_SOURCE } from "../graph/graph.ts";
import { gelu, geluTanh, swiglu } from "../ops/activations.ts";
import { causalAttention } from "../ops/attention.ts";
import { add, cast, equal, reshape, shapeOf, sliceAxis } from "../ops/build.ts";
import { dropout } from "../ops/dropout.ts";
import { embedding, linear } from "../ops/embedding.ts";
import { layerNorm, rmsNorm } from "../ops/normalize.ts";
import { total } from "../ops/sums.ts";
import { newDraft } from "../ops/table.ts";
import { float32, type Shape, zeros } from "../tensor/tensor.ts";
import { UnsupportedModelError } from "./errors.ts";
import type { ModelGraphs } from "./mlp.ts";
import { uniformWeight } from "./start.ts";

/** A decoder-only transformer over bytes: rows of `positions` ids below `vocabulary`, each predicting the one after it. */
export type GptSpec = {
  readonly vocabulary: number;
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly dim: number;
  /** Width between the two products of a block's second half. */
  readonly hidden: number;
  readonly activation: "gelu" | "gelu-tanh" | "swiglu";
  readonly norm: "layer" | "rms";
  readonly positionCode: "learned" | "rotary";
  /** One table for embedding and scores. */
  readonly tied: boolean;
  /** Share of elements left out while training: of the embeddings, and of what each half of a block adds. */
  readonly dropout?: number;
  /** Start weights are a pure function of it; `drawn`: of the job's seed. */
  readonly seed: number;
  readonly drawn?: boolean;
  readonly batchRows: number;
  readonly evaluateBatchRows: number;
  readonly optimizer: Optimizer;
};

type Named = ReadonlyMap<string, ValueId>;

/** infer: the scores of what follows a row, [1, vocabulary]. evaluate: counts the positions whose best score is right. */
export function gptGraphs(spec: GptSpec): ModelGraphs {
  const model = gptModel(spec);
  return {
    train: trainStep(model, spec.optimizer),
    infer: inferGraph(spec, model.parameters),
    evaluate: evaluateGraph(spec, model.parameters),
  };
}

/** Mean cross-entropy of the next id over all positions of a batch. */
export function gptModel(spec: GptSpec): Model {
  check(spec);
  const parameters = parametersOf(spec);
  return {
    parameters,
    batch: ["x", "labels"].map((name) => ({ name, type: rowsType(spec, spec.batchRows) })),
    loss: (draft, ids, [x, labels]) => {
      const scores = forward(draft, spec, named(parameters, ids), x!, spec.dropout ?? 0);
      return softmaxCrossEntropy(draft, flatRows(draft, scores), flat(draft, labels!));
    },
  };
}

const rowsType = (spec: GptSpec, rows: number) => ({ dtype: "uint8" as const, shape: [rows, spec.positions] });

const named = (parameters: readonly StateSpec[], ids: readonly ValueId[]): Named =>
  new Map(parameters.map(({ name }, i) => [name, ids[i]!]));

function check({ vocabulary, dim, heads, positionCode }: GptSpec): void {
  const named = `a transformer of ${heads} heads in ${dim} over ${vocabulary} ids`;
  if (vocabulary > 256) throw new UnsupportedModelError(named, "ids beyond a byte", "Use at most 256 of them.");
  const width = dim / heads;
  if (!Number.isInteger(width) || width < 2 || (positionCode === "rotary" && width % 2 !== 0)) {
    throw new UnsupportedModelError(named, `heads of width ${width}`, "Choose a dim that the heads divide evenly.");
  }
}

/** [rows, positions] ids → [rows, positions, vocabulary] scores. */
function forward(draft: Draft, spec: GptSpec, p: Named, ids: ValueId, rate: number): ValueId {
  const tokens = embedding(draft, p.get("tokens")!, ids);
  const dropped = (id: ValueId): ValueId => dropout(draft, id, rate);
  let x = dropped(spec.positionCode === "learned" ? add(draft, tokens, p.get("positions")!) : tokens);
  for (let layer = 0; layer < spec.layers; layer++) {
    const of = (name: string): ValueId => p.get(`layer${layer}_${name}`)!;
    const h = normed(draft, spec, x, of, "norm1");
    const attended = causalAttention(
      draft,
      [linear(draft, h, of("query")), linear(draft, h, of("key")), linear(draft, h, of("value"))],
      { heads: spec.heads, rotaryBase: spec.positionCode === "rotary" ? 10_000 : undefined },
    );
    x = add(draft, x, dropped(linear(draft, attended, of("attended"))));
    x = add(draft, x, dropped(feedForward(draft, spec, normed(draft, spec, x, of, "norm2"), of)));
  }
  const y = normed(draft, spec, x, (name) => p.get(name)!, "norm");
  return spec.tied ? linear(draft, y, p.get("tokens")!, { transB: true }) : linear(draft, y, p.get("scores")!);
}

function feedForward(draft: Draft, spec: GptSpec, x: ValueId, of: (name: string) => ValueId): ValueId {
  const widened = linear(draft, x, of("widen"));
  switch (spec.activation) {
    case "gelu":
      return linear(draft, gelu(draft, widened), of("narrow"));
    case "gelu-tanh":
      return linear(draft, geluTanh(draft, widened), of("narrow"));
    case "swiglu":
      return linear(draft, swiglu(draft, linear(draft, x, of("gate")), widened), of("narrow"));
  }
}

const normed = (draft: Draft, spec: GptSpec, x: ValueId, of: (name: string) => ValueId, name: string): ValueId =>
  spec.norm === "rms"
    ? rmsNorm(draft, x, of(`${name}_scale`))
    : layerNorm(draft, x, of(`${name}_scale`), of(`${name}_bias`));

function parametersOf(spec: GptSpec): StateSpec[] {
  const { dim, hidden, layers, vocabulary, positions } = spec;
  let stream = 0;
  const uniform = (name: string, shape: Shape, limit: number): StateSpec =>
    uniformWeight(spec, name, shape, { stream: stream++, limit });
  // Uniform of variance 1/fan-in; what is added to the residual stream is smaller the deeper the network (GPT-2).
  const weight = (name: string, rows: number, columns: number, share = 1): StateSpec =>
    uniform(name, [rows, columns], Math.sqrt(3 / rows) * share);
  const share = 1 / Math.sqrt(2 * layers);
  const norm = (name: string): StateSpec[] => [
    { name: `${name}_scale`, start: float32([dim], new Float32Array(dim).fill(1)) },
    ...(spec.norm === "layer" ? [{ name: `${name}_bias`, start: zeros({ dtype: "float32", shape: [dim] }) }] : []),
  ];
  const block = (at: string): StateSpec[] => [
    ...norm(`${at}_norm1`),
    ...["query", "key", "value"].map((name) => weight(`${at}_${name}`, dim, dim)),
    weight(`${at}_attended`, dim, dim, share),
    ...norm(`${at}_norm2`),
    weight(`${at}_widen`, dim, hidden),
    ...(spec.activation === "swiglu" ? [weight(`${at}_gate`, dim, hidden)] : []),
    weight(`${at}_narrow`, hidden, dim, share),
  ];
  return [
    uniform("tokens", [vocabulary, dim], EMBEDDING_LIMIT),
    ...(spec.positionCode === "learned" ? [uniform("positions", [positions, dim], EMBEDDING_LIMIT)] : []),
    ...Array.from({ length: layers }, (_, layer) => block(`layer${layer}`)).flat(),
    ...norm("norm"),
    ...(spec.tied ? [] : [weight("scores", dim, vocabulary)]),
  ];
}

/** Of standard deviation 0.02, as GPT-2's. */
const EMBEDDING_LIMIT = 0.02 * Math.sqrt(3);

function flatRows(draft: Draft, scores: ValueId): ValueId {
  const [rows, positions, classes] = shapeOf(draft, scores) as [number, number, number];
  return reshape(draft, scores, [rows * positions, classes]);
}

const flat = (draft: Draft, ids: ValueId): ValueId =>
  reshape(draft, ids, [shapeOf(draft, ids).reduce((product, size) => product * size, 1)]);

function inferGraph(spec: GptSpec, parameters: readonly StateSpec[]): Graph {
  const draft = newDraft();
  const ids = parameters.map(({ name, start }) => stateInput(draft, name, start));
  const x = batchInput(draft, "x", rowsType(spec, 1));
  const scores = flatRows(draft, forward(draft, spec, named(parameters, ids), x, 0));
  const y = sliceAxis(draft, scores, 0, spec.positions - 1, spec.positions);
  rename(draft, y, "y");
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}

function evaluateGraph(spec: GptSpec, parameters: readonly StateSpec[]): Graph {
  const draft = newDraft();
  const ids = parameters.map(({ name, start }) => stateInput(draft, name, start));
  const correct = stateInput(draft, "correct", { dtype: "float32", shape: [1] }, ZERO_SOURCE);
  const x = batchInput(draft, "x", rowsType(spec, spec.evaluateBatchRows));
  const labels = batchInput(draft, "labels", rowsType(spec, spec.evaluateBatchRows));
  const scores = flatRows(draft, forward(draft, spec, named(parameters, ids), x, 0));
  const best = emit(draft, "ArgMax", [scores], { axis: 1, keepdims: 0 });
  const hits = cast(draft, equal(draft, best, cast(draft, flat(draft, labels), "int64")), "float32");
  const next = add(draft, correct, reshape(draft, total(draft, hits), [1]));
  rename(draft, next, "next_correct");
  return finish(draft, { kind: "evaluate", stateOutputs: [...ids, next] });
}
