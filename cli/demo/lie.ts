import { AnhError } from "../../common/errors.ts";
import type { ProfileName } from "../../common/job.ts";
import type { Lie } from "../../test/support/lying-steps.ts";
import { type Graph, valueAt } from "../../verifier/graph/graph.ts";
import { listNodes, type NodeInfo } from "../../verifier/model/nodes.ts";
import type { LieAmount } from "../../verifier/ops/judge.ts";
import { sizeOf } from "../../verifier/tensor/tensor.ts";

/** A `--lie` that names nothing one can lie about. */
export class LieError extends AnhError {}

/** `step:node:element:amount` as it was typed; the graph decides whether it can be. */
export interface LieRequest {
  readonly step: number;
  readonly node: string;
  readonly element: number;
  readonly amount: LieAmount;
}

const FORM = "<step>:<node or any>:<element>:<n>ulp or <x>tol, e.g. 137:any:4242:1ulp";

export function parseLie(text: string): LieRequest {
  const [step, node, element, amount, ...rest] = text.split(":");
  const wrong = (what: string) =>
    new LieError("usage", `--lie "${text}": ${what}`, { expected: FORM, actual: text, hint: FORM });
  if (node === undefined || node === "" || amount === undefined || rest.length > 0) throw wrong("expected four parts");
  if (!/^\d{1,9}$/.test(step ?? "")) throw wrong(`step "${step}" is no whole number`);
  if (!/^\d{1,9}$/.test(element ?? "")) throw wrong(`element "${element}" is no whole number`);
  return { step: Number(step), node, element: Number(element), amount: parseAmount(amount, wrong) };
}

function parseAmount(text: string, wrong: (what: string) => LieError): LieAmount {
  const ulps = /^(\d{1,6})ulp$/.exec(text);
  if (ulps !== null && Number(ulps[1]) > 0) return { unit: "ulp", count: Number(ulps[1]) };
  const tolerances = /^(\d{1,6}(?:\.\d{1,6})?)tol$/.exec(text);
  if (tolerances !== null && Number(tolerances[1]) > 0) return { unit: "tol", factor: Number(tolerances[1]) };
  throw wrong(`amount "${text}" is neither <n>ulp nor <x>tol`);
}

/** ulp lies are told in `strict`, lies by tolerance in `tolerant`: elsewhere they would mean nothing. */
export const profileOf = ({ amount }: LieRequest): ProfileName => (amount.unit === "ulp" ? "strict" : "tolerant");

/** Whether a challenger can prove it: a lie within the tolerance is no wrong result. */
export const isProvable = ({ amount }: LieRequest): boolean => amount.unit === "ulp" || amount.factor > 1;

/** Why a node cannot be lied about, or undefined if it can. */
export function refusal(node: NodeInfo, profile: ProfileName): string | undefined {
  if (node.rule === "none") return "it moves no bytes of its own: its output is its operand's, which has the leaf";
  if (profile === "strict" && node.rule === "tolerance")
    return "even in strict it is judged by tolerance, so 1ulp is no wrong result";
  return undefined;
}

/** The lie on a graph: `any` is drawn among the nodes that can be lied about. */
export function chooseLie(
  request: LieRequest,
  graph: Graph,
  steps: number,
  randomSeed: number,
): Lie & { readonly name: string; readonly elements: number } {
  const profile = profileOf(request);
  if (request.step >= steps)
    throw new LieError("usage", `--lie names step ${request.step} of a training of ${steps} steps`, {
      expected: `0 … ${steps - 1}`,
      actual: request.step,
    });
  const nodes = listNodes(graph, profile);
  const node =
    request.node === "any" ? drawn(nodes, profile, randomSeed) : nodes.find(({ name }) => name === request.node);
  if (node === undefined)
    throw new LieError("usage", `--lie names node "${request.node}", which the graph does not have`, {
      expected: nodes.map(({ name }) => name).join(", "),
      actual: request.node,
      hint: "list them: ./anh demo --list-nodes",
    });
  const reason = refusal(node, profile);
  if (reason !== undefined)
    throw new LieError("usage", `node "${node.name}" (${node.op}) cannot be lied about: ${reason}`, {
      actual: node.name,
    });
  const elements = sizeOf(valueAt(graph, graph.nodes[node.index]!.output).shape);
  // A number beyond the tensor's last counts on from its first.
  const element = request.element % elements;
  return { step: request.step, node: node.index, element, elements, amount: request.amount, name: node.name };
}

function drawn(nodes: readonly NodeInfo[], profile: ProfileName, randomSeed: number): NodeInfo {
  const candidates = nodes.filter((node) => refusal(node, profile) === undefined);
  // A multiplicative hash of the seed: neighbouring seeds draw different nodes, the same seed always the same one.
  return candidates[(Math.imul(randomSeed, 2_654_435_761) >>> 0) % candidates.length] as NodeInfo;
}
