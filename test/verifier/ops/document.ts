// Writes docs/ops.md out of the op table: `node test/verifier/ops/document.ts`. A test holds the page to it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { OP } from "../../../common/graph-encoding.ts";
import * as losses from "../../../verifier/autodiff/loss.ts";
import { stateInput } from "../../../verifier/graph/draft.ts";
import type { OpName } from "../../../verifier/graph/graph.ts";
import { handlers } from "../../../verifier/model/onnx/import-ops.ts";
import * as activations from "../../../verifier/ops/activations.ts";
import * as attention from "../../../verifier/ops/attention.ts";
import * as batchNorms from "../../../verifier/ops/batch-norm.ts";
import * as convolutions from "../../../verifier/ops/convolve.ts";
import * as embeddings from "../../../verifier/ops/embedding.ts";
import * as narrow from "../../../verifier/ops/narrow.ts";
import * as norms from "../../../verifier/ops/normalize.ts";
import * as pools from "../../../verifier/ops/pool.ts";
import * as rotary from "../../../verifier/ops/rotary.ts";
import * as softmaxes from "../../../verifier/ops/softmax.ts";
import { newDraft, ops } from "../../../verifier/ops/table.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { isAllowed, nodeOf } from "./node-of.ts";
import { samples } from "./samples.ts";

export const PAGE = fileURLToPath(new URL("../../../docs/ops.md", import.meta.url));

const names = (Object.keys(ops) as OpName[]).sort((a, b) => OP[a] - OP[b]);

/** What its gradient is made of; a dash where there is none, or none but views. */
function gradientOf(op: OpName): string {
  const draft = newDraft();
  const { inputs, attributes } = samples[op];
  const ids = inputs.map((input, i) => stateInput(draft, `operand${i}`, input));
  const type = ops[op].infer(inputs, attributes);
  if (type.dtype !== "float32") return "—";
  const output = stateInput(draft, "output", type);
  const dy = stateInput(draft, "gradient", type);
  const partial = ops[op].vjp(draft, { op, inputs: ids, attributes, output }, dy);
  if (partial.every((id) => id === null)) return "—";
  const used = [...new Set(draft.nodes.map((node) => node.op))].filter((name) => name !== "Reshape");
  return used.length === 0 ? "the gradient itself" : used.sort().join(", ");
}

/** How an element is judged in either profile, and how many elements of each operand that takes, on the op's sample. */
function judgingOf(op: OpName): { strict: string; tolerant: string; reads: string } {
  const { inputs, attributes } = samples[op];
  const { infer, bound, leaf } = ops[op];
  if (bound === null || leaf === null) return { strict: "same bytes", tolerant: "same bytes", reads: "—" };
  const output = infer(inputs, attributes);
  const reads = leaf({ attributes, inputs, output, at: (i, element) => inputs[i]!.data[element]! }, 0);
  // In layouts what is read lies elsewhere, but how it is judged does not depend on the values.
  const terms = reads.map(({ operand, count }) => (inputs[operand] as Tensor).data.subarray(0, count));
  const { replay, tolerance } = bound({ attributes, inputs, output, element: 0, terms });
  const exact = tolerance === null || tolerance()?.slack.mantissa === 0n;
  return {
    strict: !isAllowed(nodeOf(op, inputs, attributes), "strict")
      ? "not in strict jobs"
      : replay === null
        ? "by the tolerance"
        : "replayed",
    tolerant: exact ? "equal" : "within a bound",
    reads: reads.map(({ count }) => count).join(" + "),
  };
}

/** The contract that LeafRouter names for an op code. */
function verifierOf(code: number): string {
  const source = readFileSync(new URL("../../../contracts/l1/verifiers/LeafRouter.sol", import.meta.url), "utf8");
  for (const [, condition, verifier] of source.matchAll(/if \((op [^)]*)\) return ([A-Z]+);/g)) {
    const holds = condition!.split(" || ").some((part) =>
      part.split(" && ").every((bound) => {
        const [, comparison, value] = /op (>=|<=|==) (\d+)/.exec(bound) ?? [];
        const limit = Number(value);
        return comparison === ">=" ? code >= limit : comparison === "<=" ? code <= limit : code === limit;
      }),
    );
    if (holds) return `${verifier![0]}${verifier!.slice(1).toLowerCase()}Verifier`;
  }
  return "not yet";
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const primitives = (): string[] =>
  names.map((op) => {
    const { strict, tolerant, reads } = judgingOf(op);
    const onChain = reads === "—" ? "—" : verifierOf(OP[op]);
    return row([`${OP[op]}`, op, gradientOf(op), strict, tolerant, reads, onChain]);
  });

const builders: Readonly<Record<string, object>> = {
  "verifier/ops/activations.ts": activations,
  "verifier/ops/normalize.ts": norms,
  "verifier/ops/softmax.ts": softmaxes,
  "verifier/ops/attention.ts": attention,
  "verifier/ops/embedding.ts": embeddings,
  "verifier/ops/rotary.ts": rotary,
  "verifier/ops/convolve.ts": convolutions,
  "verifier/ops/pool.ts": pools,
  "verifier/ops/batch-norm.ts": batchNorms,
  "verifier/ops/narrow.ts": narrow,
  "verifier/autodiff/loss.ts": losses,
};

export function opsPage(): string {
  const imported = Object.keys(handlers).sort();
  const compiled = imported.filter((op) => !(op in ops));
  return `<!-- Generated: node test/verifier/ops/document.ts -->
# Ops

The ${names.length} primitives of committed graphs (P5.7). Everything else is compiled to them, so it is committed, differentiated,
checked and disputed without rules of its own. \`strict\` replays the pinned runtime's operations; \`tolerant\` accepts what lies
within the bounds of \`docs/numerics.md\`. *Reads*: elements of each operand that judging one output element takes, on the op's
sample in \`test/verifier/ops/samples.ts\`, with which \`test/verifier/ops/samples.test.ts\` runs every op: reference against
onnxruntime bit for bit, gradient against finite differences, honest elements and lies against the bound.

| code | op | its gradient is made of | strict | tolerant | reads | on L1 |
|---|---|---|---|---|---|---|
${primitives().join("\n")}

## Built from them

${Object.entries(builders)
  .map(([file, module]) => `- \`${file}\`: ${Object.keys(module).sort().join(", ")}`)
  .join("\n")}

## Read from ONNX files

${imported.length} ops: ${imported.filter((op) => op in ops).length} of the primitives, and compiled to primitives: ${compiled.join(", ")}.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, opsPage());
