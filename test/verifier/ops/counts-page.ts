// Writes docs/op-counts.md, in some ten minutes: `node test/verifier/ops/counts-page.ts`, after `./anh test` compiled the contracts.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machine } from "../../../cli/bench/figures.ts";
import { OP } from "../../../common/graph-encoding.ts";
import type { OpName } from "../../../verifier/graph/graph.ts";
import { ops } from "../../../verifier/ops/table.ts";
import { openJudge } from "../../contracts/leaf/judge-claims.ts";
import { CONTRACT_ELEMENTS, type Counts, countElements, FULL } from "./count-elements.ts";
import { DATA_KINDS } from "./data-kinds.ts";
import { elementCases } from "./element-cases.ts";

export const COUNTS_PAGE = fileURLToPath(new URL("../../../docs/op-counts.md", import.meta.url));

/** All ops whose results can be judged. */
export const judgedOps = (Object.keys(ops) as OpName[])
  .filter((op) => ops[op].bound !== null)
  .sort((a, b) => OP[a] - OP[b]);

/** The figures of a row, in the order of its columns. */
export const figuresOf = ({ honest, strictLies, tolerantLies, legal, beyond, contract, gpu }: Counts): number[] => [
  honest[1],
  honest[2],
  strictLies,
  tolerantLies,
  legal,
  beyond,
  contract.honest,
  contract.others,
  gpu.allowed,
  gpu.beyond,
];

const grouped = (count: number): string => (count === 0 ? "—" : `${count}`.replace(/\B(?=(\d{3})+$)/g, ","));

const rowOf = (op: OpName, counts: Counts): string =>
  `| ${[op, elementCases[op].length, ...figuresOf(counts).map(grouped)].join(" | ")} |`;

const pageOf = (rows: readonly string[]): string => `<!-- Generated: node test/verifier/ops/counts-page.ts -->
# Elements judged

Per op: elements of onnxruntime's own results of the nodes in \`test/verifier/ops/element-cases.ts\`, on data
${DATA_KINDS.join(", ")}.
Every verdict was the one it should be: no honest element was found wrong, no lie right.

- *Honest*: finite elements computed with one thread and with two, right in tolerant; those of one thread in strict, too, where
  a strict job may hold the node.
- *Lies*: about one element of ${FULL.lieEvery}. Strict: one ulp (integers: one) off. Tolerant: twice the tolerance off, which is one ulp
  where it is zero. None in strict for Log, which is judged by its tolerance there, and for Max and Min, which strict jobs may not hold.
- *Allowed*: picked at random from what tolerant allows, two of three at its ends; and the next values beyond both ends, all wrong.
  Results that are integers or bools have one right value.
- *Contract*: of a random part of these, honest elements and other claims of which the contracts on an L1 gave the same verdict.

- *gpu*: the same of its column, one for every honest element, by any reading of denormal operands; honest elements are right there, too.

Taken with ${machine()}, ${new Date().toISOString().slice(0, 10)}.

| op | nodes | honest, 1 thread | 2 threads | strict lies | tolerant lies | allowed | beyond | contract: honest | other | gpu: allowed | beyond |
|---|---|---|---|---|---|---|---|---|---|---|---|
${rows.join("\n")}
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { judge, close } = await openJudge();
  const rows: string[] = [];
  for (const op of judgedOps) {
    const { counts, wrong } = await countElements(op, { ...FULL, contract: { judge, elements: CONTRACT_ELEMENTS } });
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    rows.push(rowOf(op, counts));
    console.error(rows.at(-1));
  }
  await close();
  writeFileSync(COUNTS_PAGE, pageOf(rows));
}
