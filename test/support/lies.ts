// What `--lie step:node:element:amount` means. The liar itself is in lying-steps.ts.
import { AnhError } from "../../common/errors.ts";
import type { Graph } from "../../verifier/graph/graph.ts";
import { listNodes, type NodeInfo } from "../../verifier/model/nodes.ts";
import type { LieAmount, Profile } from "../../verifier/ops/judge.ts";
import type { Lie } from "./lying-steps.ts";
import { seededRandom } from "./random.ts";

/** A lie that cannot be told, with the reason. */
export class LieError extends AnhError {}

export type LieSpec = {
  readonly step: number;
  /** A node's name, or `any`. */
  readonly node: string;
  readonly element: number;
  readonly amount: LieAmount;
};

export const ANY_NODE = "any";

const COUNT = /^\d{1,9}$/;
const AMOUNT = /^(\d{1,6})ulp$|^(\d{1,6}(?:\.\d{1,6})?)tol$/;

/** Reads `step:node:element:amount`; amounts are `<n>ulp` and `<x>tol`. */
export function parseLie(text: string): LieSpec {
  const [step, node, element, amount, ...rest] = text.split(":");
  const [, ulps, tolerances] = AMOUNT.exec(amount ?? "") ?? [];
  const isWhole = COUNT.test(step ?? "") && COUNT.test(element ?? "") && node !== "" && rest.length === 0;
  if (!isWhole || (ulps === undefined && tolerances === undefined) || Number(ulps ?? tolerances) === 0)
    throw new LieError("bad-lie", `"${text}" is no lie`, {
      expected: "step:node:element:amount, amount <n>ulp or <x>tol, e.g. 5:any:7:1ulp",
      actual: text,
    });
  return {
    step: Number(step),
    node: node!,
    element: Number(element),
    amount: ulps === undefined ? { unit: "tol", factor: Number(tolerances) } : { unit: "ulp", count: Number(ulps) },
  };
}

/** Nodes that can be lied at: they have a leaf, and where a lie is counted in ulps nothing tolerates it. */
export const lieCandidates = (graph: Graph, profile: Profile): NodeInfo[] =>
  listNodes(graph, profile).filter(({ rule }) => rule !== "none" && (profile === "tolerant" || rule === "replay"));

export type LieContext = {
  readonly graph: Graph;
  readonly profile: Profile;
  readonly steps: number;
  readonly randomSeed: number;
};

/** The lie of a spec in a task; throws `LieError` if it cannot be told there. */
export function resolveLie(spec: LieSpec, { graph, profile, steps, randomSeed }: LieContext): Lie {
  const { step, element, amount } = spec;
  if (step >= steps)
    throw new LieError("lie-step", `step ${step} of ${steps}`, { expected: `below ${steps}`, actual: step });
  const unit = profile === "strict" ? "ulp" : "tol";
  if (amount.unit !== unit)
    throw new LieError("lie-amount", `a ${profile} job is lied to in ${unit}`, { expected: unit, actual: amount.unit });
  return { step, node: nodeOf(spec.node, graph, profile, randomSeed), element, amount };
}

function nodeOf(name: string, graph: Graph, profile: Profile, randomSeed: number): number {
  const candidates = lieCandidates(graph, profile);
  if (name === ANY_NODE) return seededRandom(randomSeed).pick(candidates).index;
  const node = listNodes(graph, profile).find((info) => info.name === name);
  if (node === undefined)
    throw new LieError("lie-node", `the graph has no node ${name}`, { hint: "--list-nodes prints their names" });
  if (candidates.some(({ index }) => index === node.index)) return node.index;
  throw new LieError("lie-node", `${name} cannot be lied at: ${refusal(node)}`, { actual: name });
}

const refusal = ({ op, rule }: NodeInfo): string =>
  rule === "none"
    ? `the output of a ${op} is its operand's bytes and has no leaf of its own`
    : `even in strict a ${op} is judged by its tolerance, which an ulp is within`;
