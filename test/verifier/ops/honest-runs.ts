// What onnxruntime computes of data of all kinds, with one thread and with two, for every node that an op's cases name.
import type { Graph, OpName } from "../../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { sizeOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { DATA_KINDS, type DataKind } from "./data-kinds.ts";
import { type ElementCase, elementCases } from "./element-cases.ts";
import { isAllowed, nodeOf, nodesOf } from "./node-of.ts";

export type HonestRun = {
  readonly op: OpName;
  readonly kind: DataKind;
  readonly threads: 1 | 2;
  /** One node, its operands fed. */
  readonly graph: Graph;
  /** Whether a strict job may hold such a node. */
  readonly isStrict: boolean;
  /** By value id: the operands, then the result. */
  readonly values: readonly Tensor[];
};

/** An op's cases, without those that have an operand of more than so many elements. */
export const casesUpTo = (op: OpName, largest: number): readonly ElementCase[] =>
  elementCases[op].filter(({ operands }) => operands.every(({ shape }) => sizeOf(shape) <= largest));

/** Rounds through all kinds of data, both numbers of threads and all cases of an op, as long as somebody asks. */
export async function* honestRuns(
  op: OpName,
  cases: readonly ElementCase[],
  random: () => number,
): AsyncGenerator<HonestRun, void, void> {
  if (cases.length === 0) return;
  const all = nodesOf(op, cases);
  const single = cases.map((one) => {
    const graph = nodeOf(op, one.operands, one.attributes);
    if (!isAllowed(graph, "tolerant")) throw new Error(`${op}: a case that no job may hold`);
    return { graph, isStrict: isAllowed(graph, "strict") };
  });
  const sessions = await Promise.all(([1, 2] as const).map((threads) => onnxRuntime({ threads }).open(all)));
  try {
    for (;;) {
      for (const kind of DATA_KINDS) {
        const filled = cases.map(({ operands }) => operands.map(({ fill }, i) => fill(kind, random, i)));
        for (const threads of [1, 2] as const) {
          const { state } = await sessions[threads - 1]!.step([], filled.flat());
          for (const [i, operands] of filled.entries())
            yield { op, kind, threads, ...single[i]!, values: [...operands, state[i]!] };
        }
      }
    }
  } finally {
    for (const session of sessions) await session.close();
  }
}
