import { type GraphReport, type ModelReport, type Problem, reportModel } from "../../verifier/model/report.ts";
import type { Profile } from "../../verifier/ops/judge.ts";
import { table } from "../demo/table.ts";
import { toPlain } from "../demo/teller.ts";
import { EXIT } from "../exit.ts";
import { inFile } from "../in-file.ts";
import { precisionFrom } from "../job/precision-words.ts";
import { modelFile } from "../model-file.ts";
import { wholeNumber } from "../whole-number.ts";

interface CheckOptions {
  readonly json: boolean;
  readonly batchRows: string;
  readonly precision: string;
  readonly freeze: readonly string[];
  readonly dim: readonly string[];
}

const PROFILES = ["strict", "tolerant", "tolerant-gpu"] as const;

/** `anh model check`: exit code 0 if some profile can judge the model's inference and its training. */
export function checkModel(file: string, options: CheckOptions): void {
  const { bytes, dimensions, external } = modelFile(file, options.dim);
  const batchRows = wholeNumber("batch-rows", options.batchRows);
  const precision = precisionFrom(options.precision);
  const report = inFile(file, "ONNX", () =>
    reportModel(bytes, { batchRows, dimensions, external, precision, frozen: options.freeze }),
  );
  const profiles = PROFILES.filter((profile) => isJob(report, profile));
  console.log(options.json ? JSON.stringify(toPlain({ ...report, profiles })) : text(file, report, profiles));
  process.exitCode = profiles.length > 0 ? EXIT.ok : EXIT.failed;
}

const isJob = ({ inference, training }: ModelReport, profile: Profile): boolean =>
  inference !== null &&
  training !== null &&
  inference.unprovable[profile].length + training.unprovable[profile].length === 0;

const count = (value: number | bigint): string => value.toLocaleString("en");

function text(file: string, report: ModelReport, profiles: readonly Profile[]): string {
  const { parameters, unsupported, inference, training, untrainable } = report;
  const facts = [
    `${file}: ONNX, opset ${report.opset}`,
    `inputs      ${report.inputs.join(", ")}`,
    `outputs     ${report.outputs.join(", ")}`,
    `precision   ${report.precision}`,
    `parameters  ${count(parameters.values)} in ${parameters.tensors} tensors, ${count(parameters.bytes)} bytes`,
  ].join("\n");
  if (unsupported.length > 0) {
    const nodes = unsupported.map((problem) => `${told(problem)}, op ${problem.op}, opset ${problem.opset}`);
    return [facts, ["cannot be run:", ...nodes].join("\n"), hints(unsupported)].join("\n\n");
  }
  const graphs = [
    ...(inference === null ? [] : [["inference", inference] as const]),
    ...(training === null ? [] : [["training", training] as const]),
  ];
  return [
    facts,
    table(
      ["", ...graphs.map(([name, { rows }]) => `${name}, ${rows} ${rows === 1 ? "row" : "rows"}`)],
      figures(graphs),
    ),
    ...(untrainable === null ? [] : [`cannot be trained: ${untrainable}`]),
    ...PROFILES.flatMap((profile) =>
      graphs.flatMap(([name, graph]) => refusals(profile, name, graph.unprovable[profile])),
    ),
    untrainable !== null
      ? "no job as it is: it cannot be trained"
      : profiles.length === 0
        ? "no profile can judge this model"
        : `can be a job in: ${profiles.join(", ")}`,
  ].join("\n\n");
}

function figures(graphs: readonly (readonly [string, GraphReport])[]): string[][] {
  const row = (name: string, figure: (graph: GraphReport) => string) => [
    name,
    ...graphs.map(([, graph]) => figure(graph)),
  ];
  const ops = [...new Set(graphs.flatMap(([, graph]) => Object.keys(graph.ops)))].sort();
  return [
    row("nodes", ({ nodes }) => count(nodes)),
    ...ops.map((op) => row(`  ${op}`, (graph) => count(graph.ops[op] ?? 0))),
    row("FLOPs per step", ({ flops }) => count(flops)),
    row("bytes written per step", ({ bytes }) => count(bytes)),
    ...PROFILES.flatMap((profile) => [
      row(`dearest proof, ${profile}: gas`, ({ worstLeaf }) => count(worstLeaf[profile].gas)),
      row("  at", ({ worstLeaf }) => worstLeaf[profile].node),
    ]),
  ];
}

function refusals(profile: Profile, graph: string, problems: readonly Problem[]): string[] {
  if (problems.length === 0) return [];
  return [`not in ${profile} (${graph}):\n${problems.map(told).join("\n")}\n${hints(problems)}`];
}

const told = ({ node, what }: Problem): string => `  ${node}: ${what}`;

/** Each once: many nodes share one way out. */
const hints = (problems: readonly Problem[]): string =>
  [...new Set(problems.map(({ hint }) => hint))].map((hint) => `  → ${hint}`).join("\n");
