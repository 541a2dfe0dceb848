// Judges what onnxruntime computes of an op's cases, lies about it, and what else its bound allows, and counts the verdicts.
import { OP } from "../../../common/graph-encoding.ts";
import type { OpName } from "../../../verifier/graph/graph.ts";
import { leafOf } from "../../../verifier/model/leaf.ts";
import { nextDown, nextUp } from "../../../verifier/numerics/float32.ts";
import { isRight, lieOf, type Profile } from "../../../verifier/ops/judge.ts";
import type { Bound } from "../../../verifier/ops/op.ts";
import { gpuWindows, legalWindow, pickedFrom } from "../../support/legal-window.ts";
import { uniform } from "../../support/tensors.ts";
import { DATA_KINDS } from "./data-kinds.ts";
import { casesUpTo, type HonestRun, honestRuns } from "./honest-runs.ts";

/** One claimed element and what the profile should say of it. */
export type Claim = {
  readonly what: "honest" | "lie" | "legal" | "beyond";
  readonly profile: Profile;
  readonly value: number | bigint;
  readonly right: boolean;
};

export type Counts = {
  /** Finite elements computed with one and with two threads, right in every profile that they may be claimed under. */
  honest: { 1: number; 2: number };
  /** One ulp or one unit off, wrong in strict. */
  strictLies: number;
  /** Twice the tolerance off (one ulp where it is zero), wrong in tolerant. */
  tolerantLies: number;
  /** Picked from what tolerant allows, right. */
  legal: number;
  /** The first values on both sides of what tolerant allows, wrong. */
  beyond: number;
  /** Picked from what the gpu column allows, by any reading of denormal operands, right; and the first values beyond all of it, wrong. */
  gpu: { allowed: number; beyond: number };
  /** Claims of which the contract said the same. */
  contract: { honest: number; others: number };
};

/** Verdicts of the contract: true where a claim is right. */
export type ContractJudge = (
  claims: readonly { readonly run: HonestRun; readonly element: number; readonly claim: Claim }[],
) => Promise<readonly boolean[]>;

export type Effort = {
  /** Honest elements to be judged at least. */
  readonly elements: number;
  /** Elements of each run that are judged; all of them where there are fewer. */
  readonly perRun: number;
  /** Nodes with an operand of more elements are left out. */
  readonly largest: number;
  /** One element of so many is lied about. */
  readonly lieEvery: number;
  /** Asked about so many honest elements, and one more claim about each. */
  readonly contract?: { readonly judge: ContractJudge; readonly elements: number };
};

export const FULL = {
  elements: 1_000_000,
  perRun: Number.POSITIVE_INFINITY,
  largest: Number.POSITIVE_INFINITY,
  lieEvery: 8,
} as const;
export const CONTRACT_ELEMENTS = 1000;
const MOST_WRONG = 10;
const MOST_ROUNDS = 200;

const noCounts = (): Counts => ({
  honest: { 1: 0, 2: 0 },
  strictLies: 0,
  tolerantLies: 0,
  legal: 0,
  beyond: 0,
  gpu: { allowed: 0, beyond: 0 },
  contract: { honest: 0, others: 0 },
});

/** `wrong`: claims that were not judged as they should be, the first few. */
export async function countElements(op: OpName, effort: Effort): Promise<{ counts: Counts; wrong: string[] }> {
  const random = uniform(OP[op]);
  const counts = noCounts();
  const wrong: string[] = [];
  const cases = casesUpTo(op, effort.largest);
  const round = DATA_KINDS.length * 2 * cases.length;
  // Few of each run, so that all kinds and cases come to the contract.
  const sharePerRun = Math.ceil((effort.contract?.elements ?? 0) / round);
  let runs = 0;
  for await (const run of honestRuns(op, cases, random)) {
    const output = run.values.at(-1)!;
    const elements = chosen(output.data.length, effort.perRun, random).filter((element) =>
      hasValue(output.data[element]!),
    );
    for (const [i, element] of elements.entries()) {
      const { bound } = leafOf(run.graph, 0, element, (id) => run.values[id]!);
      const known = remembered(bound);
      const honest = output.data[element]!;
      const claims = [...honestClaims(run, honest), ...gpuClaims(known, random, counts)];
      counts.honest[run.threads]++;
      if (i % effort.lieEvery === 0) claims.push(...otherClaims(run, known, honest, random, counts));
      for (const claim of claims)
        if (isRight(known, claim.profile, claim.value) !== claim.right) wrong.push(told(run, element, claim));
    }
    if (effort.contract !== undefined && counts.contract.honest < effort.contract.elements && elements.length > 0) {
      const asked = Array.from({ length: sharePerRun }, () => elements[Math.floor(random() * elements.length)]!);
      const claims = asked.flatMap((element) => contractClaims(run, element, random));
      const verdicts = await effort.contract.judge(claims);
      for (const [i, { element, claim }] of claims.entries()) {
        if (verdicts[i] !== claim.right) wrong.push(`contract: ${told(run, element, claim)}`);
        else counts.contract[claim.what === "honest" ? "honest" : "others"]++;
      }
    }
    if (wrong.length >= MOST_WRONG) break;
    const enough = counts.honest[1] + counts.honest[2] >= effort.elements;
    if (++runs % round === 0 && enough && counts.contract.honest >= (effort.contract?.elements ?? 0)) break;
    if (runs > round * MOST_ROUNDS) throw new Error(`${op}: too few elements are finite`);
  }
  return { counts, wrong: wrong.slice(0, MOST_WRONG) };
}

/** The profiles an honest executor may claim it under: more threads than one only in tolerant. */
function honestClaims({ threads, isStrict }: HonestRun, value: number | bigint): Claim[] {
  const claim = (profile: Profile): Claim => ({ what: "honest", profile, value, right: true });
  // What a CPU computes is right in the gpu column, too.
  const always = [claim("tolerant"), claim("tolerant-gpu")];
  return threads === 1 && isStrict ? [claim("strict"), ...always] : always;
}

/** One of all values that the gpu column allows, and the first ones that no reading of the operands allows; counted. */
function gpuClaims(bound: Bound, random: () => number, counts: Counts): Claim[] {
  const choices = gpuWindows(bound);
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) return [];
  const claim = (what: "legal" | "beyond", value: number | bigint): Claim => ({
    what,
    profile: "tolerant-gpu",
    value,
    right: what === "legal",
  });
  counts.gpu.allowed++;
  const allowed = claim("legal", typeof choice === "object" ? pickedFrom(choice, random) : choice);
  const windows = choices.filter((window) => typeof window === "object");
  if (windows.length === 0) return [allowed];
  const low = Math.min(...windows.map((window) => window.low));
  const high = Math.max(...windows.map((window) => window.high));
  const beyond = [nextDown(low), nextUp(high)].filter(hasValue);
  counts.gpu.beyond += beyond.length;
  return [allowed, ...beyond.map((value) => claim("beyond", value))];
}

/** Lies, and what else is right; counted. */
function otherClaims(
  { isStrict, values }: HonestRun,
  bound: Bound,
  honest: number | bigint,
  random: () => number,
  counts: Counts,
): Claim[] {
  const { dtype } = values.at(-1)!;
  const claims: Claim[] = [];
  const lie = (profile: Profile, value: number | bigint | undefined): number => {
    if (value === undefined || !hasValue(value)) return 0;
    return claims.push({ what: "lie", profile, value, right: false }) && 1;
  };
  if (isStrict && bound.replay !== null)
    counts.strictLies += lie("strict", lieOf(bound, dtype, honest, { unit: "ulp", count: 1 }));
  counts.tolerantLies += lie("tolerant", lieOf(bound, dtype, honest, { unit: "tol", factor: 2 }));
  const window = legalWindow(bound);
  if (window !== undefined) {
    claims.push({ what: "legal", profile: "tolerant", value: pickedFrom(window, random), right: true });
    counts.legal++;
    for (const value of [nextDown(window.low), nextUp(window.high)])
      if (hasValue(value))
        counts.beyond += claims.push({ what: "beyond", profile: "tolerant", value, right: false }) && 1;
  }
  return claims;
}

/** The honest element, by a profile that it may be claimed under, and one other claim. */
function contractClaims(run: HonestRun, element: number, random: () => number) {
  const { bound } = leafOf(run.graph, 0, element, (id) => run.values[id]!);
  const honest = run.values.at(-1)!.data[element]!;
  const uncounted = noCounts();
  const known = remembered(bound);
  const others = [...otherClaims(run, known, honest, random, uncounted), ...gpuClaims(known, random, uncounted)];
  const oneOf = (claims: readonly Claim[]): Claim[] =>
    claims.length === 0 ? [] : [claims[Math.floor(random() * claims.length)]!];
  return [...oneOf(honestClaims(run, honest)), ...oneOf(others)].map((claim) => ({ run, element, claim }));
}

/** So many different elements, the first and the last among them. */
function chosen(size: number, most: number, random: () => number): number[] {
  if (size <= most) return Array.from({ length: size }, (_, element) => element);
  const some = Array.from({ length: most - 2 }, () => Math.floor(random() * size));
  return [...new Set([0, size - 1, ...some])];
}

/** The bound of which nothing is worked out twice. */
function remembered({ replay, tolerance, gpu }: Bound): Bound {
  const once = <T>(work: () => T): (() => T) => {
    let known: { readonly value: T } | undefined;
    return () => {
      known ??= { value: work() };
      return known.value;
    };
  };
  return { replay: replay && once(replay), tolerance: tolerance && once(tolerance), gpu: once(gpu) };
}

const hasValue = (value: number | bigint): boolean => typeof value === "bigint" || Number.isFinite(value);

const told = ({ op, kind, threads, graph }: HonestRun, element: number, { what, profile, value, right }: Claim) =>
  `${op} ${graph.batchInputs.map((id) => `[${graph.values[id]!.shape}]`).join(" ")} ${JSON.stringify(graph.nodes[0]!.attributes)}, ` +
  `data ${kind}, ${threads} threads, element ${element}: ${what} ${value} is ${right ? "wrong" : "right"} in ${profile}`;
