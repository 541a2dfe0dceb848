import { type Graph, valueAt } from "../graph/graph.ts";
import { hasLeaf, leafOf } from "../model/leaf.ts";
import { atExponent, type Dyadic, fromFloat32, scale, subtract } from "../numerics/dyadic.ts";
import type { Tolerance } from "../numerics/tolerance.ts";
import { isRight, type Profile } from "../ops/judge.ts";
import type { Bound } from "../ops/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { doctorNetworks, type Patient } from "./doctor-networks.ts";
import { DoctorError } from "./errors.ts";
import { onnxRuntime } from "./onnxruntime.ts";
import { placementOf } from "./placement.ts";
import { isGpu, type Provider } from "./provider.ts";
import { stepOf } from "./reference.ts";
import { requireReproducible } from "./reproduce.ts";

/** What a provider makes of one network. */
export type Diagnosis = {
  readonly network: string;
  readonly nodes: number;
  /** Ops that the CPU computes in its place, and how many nodes of each. */
  readonly onCpu: Readonly<Record<string, number>>;
  /** Elements that were judged; all of them are right. */
  readonly judged: number;
  /** By op: the largest distance from the exact value, as a share of what its bound allows; 0 where it allows none. */
  readonly worstShare: Readonly<Record<string, number>>;
};

/** Elements of one node's output that are judged, of each step. */
const JUDGED_PER_NODE = 64;

/**
 * Examines a provider with networks of every kind: whether it gives its own bits again, and whether what it gives is what it will be
 * judged by: the gpu column for a graphics processor; for the CPU `strict` with one thread, else the cpu column. Throws
 * `ProviderError` or `DoctorError`.
 */
export async function diagnose(
  provider: Provider,
  threads: number,
  patients: readonly Patient[] = doctorNetworks(),
): Promise<Diagnosis[]> {
  const profile: Profile = isGpu(provider) ? "tolerant-gpu" : threads === 1 ? "strict" : "tolerant";
  const found: Diagnosis[] = [];
  for (const patient of patients) found.push(await examined(patient, provider, threads, profile));
  return found;
}

async function examined(
  { name, graph, state, batches }: Patient,
  provider: Provider,
  threads: number,
  profile: Profile,
): Promise<Diagnosis> {
  const session = await onnxRuntime({ provider, threads }).open(graph);
  try {
    const steps = await requireReproducible(graph, session, state, batches);
    const worstShare: Record<string, number> = {};
    let judged = 0;
    for (const values of steps) {
      for (const { op, share } of sharesOf(graph, values, profile)) {
        worstShare[op] = Math.max(worstShare[op] ?? 0, share);
        judged++;
      }
    }
    const onCpu: Record<string, number> = {};
    if (isGpu(provider)) {
      const first = batches.map((stacked) => stepOf(stacked, 0));
      for (const { op, onDevice } of await placementOf(graph, provider, state, first))
        if (!onDevice) onCpu[op] = (onCpu[op] ?? 0) + 1;
    }
    return { network: name, nodes: graph.nodes.length, onCpu, judged, worstShare };
  } finally {
    await session.close();
  }
}

/** Judges elements of every node against the operands that were computed before them. */
function* sharesOf(
  graph: Graph,
  values: readonly Tensor[],
  profile: Profile,
): Generator<{ op: string; share: number }> {
  for (const [index, node] of graph.nodes.entries()) {
    if (!hasLeaf(node)) continue;
    const { data } = values[node.output]!;
    const stride = Math.max(1, Math.floor(data.length / JUDGED_PER_NODE));
    for (let element = 0; element < data.length; element += stride) {
      const { bound } = leafOf(graph, index, element, (id) => values[id]!);
      const value = data[element]!;
      if (!isRight(bound, profile, value))
        throw new DoctorError(
          `${node.op} gives ${valueAt(graph, node.output).name}[${element}], which is wrong in ${profile}`,
          expectedOf(bound),
          String(value),
        );
      yield { op: node.op, share: profile === "strict" ? 0 : shareOf(bound, profile, value) };
    }
  }
}

const expectedOf = ({ replay }: Bound): string => (replay === null ? "within its tolerance" : `about ${replay()}`);

/** Of the readings that allow it, the one it is nearest to. */
function shareOf(bound: Bound, profile: Profile, value: number | bigint): number {
  const allowed = profile === "tolerant-gpu" ? bound.gpu() : [bound.tolerance?.()];
  const shares = allowed.flatMap((one) => (typeof one === "object" ? [distanceIn(one, value as number)] : []));
  return shares.length === 0 ? 0 : Math.min(...shares);
}

/** How much of its slack a float takes. */
function distanceIn({ low, high, slack, denominator }: Tolerance, value: number): number {
  if (slack.mantissa === 0n) return 0;
  const scaled = scale(fromFloat32(value), denominator);
  return Math.max(0, ratio(subtract(low, scaled), slack), ratio(subtract(scaled, high), slack));
}

/** To 2^-20; both over one exponent. */
function ratio(x: Dyadic, y: Dyadic): number {
  const exponent = Math.min(x.exponent, y.exponent);
  return Number((atExponent(x, exponent) << 20n) / atExponent(y, exponent)) / 2 ** 20;
}
