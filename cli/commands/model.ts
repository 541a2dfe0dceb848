import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { AnhError } from "../../common/errors.ts";
import { type GraphReport, type ModelReport, type Problem, reportModel } from "../../verifier/model/report.ts";
import type { Profile } from "../../verifier/ops/judge.ts";
import { table } from "../demo/table.ts";
import { toPlain } from "../demo/teller.ts";
import { EXIT } from "../exit.ts";

interface CheckOptions {
  readonly json: boolean;
  readonly batchRows: string;
  readonly dim: readonly string[];
}

const PROFILES = ["strict", "tolerant"] as const;

/** `anh model check`: exit code 0 if some profile can judge the model's inference and its training. */
export function checkModel(file: string, options: CheckOptions): void {
  const report = reportModel(readModel(file), {
    batchRows: wholeNumber("batch-rows", options.batchRows),
    dimensions: Object.fromEntries(options.dim.map(dimension)),
    external: (location) => readBeside(file, location),
  });
  const profiles = PROFILES.filter((profile) => isJob(report, profile));
  console.log(options.json ? JSON.stringify(toPlain({ ...report, profiles })) : text(file, report, profiles));
  process.exitCode = profiles.length > 0 ? EXIT.ok : EXIT.failed;
}

const isJob = ({ inference, training }: ModelReport, profile: Profile): boolean =>
  inference !== null &&
  training !== null &&
  inference.unprovable[profile].length + training.unprovable[profile].length === 0;

function readModel(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AnhError("usage", `${file} cannot be read`, { expected: "an ONNX file", actual: file, cause });
  }
}

/** Tensors kept in files of their own lie beside the model; a model that names others is not obeyed. */
function readBeside(file: string, location: string): Uint8Array | undefined {
  const folder = realpathSync(dirname(file));
  try {
    const path = realpathSync(join(folder, location));
    return path.startsWith(folder + sep) ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function wholeNumber(name: string, words: string): number {
  const value = Number(words);
  if (!/^[1-9]\d{0,8}$/.test(words))
    throw new AnhError("usage", `--${name} is "${words}"`, { expected: "a whole number from 1", actual: words });
  return value;
}

function dimension(words: string): [string, number] {
  const [name, size, ...rest] = words.split("=");
  if (name === undefined || name === "" || size === undefined || rest.length > 0)
    throw new AnhError("usage", `--dim is "${words}"`, { expected: "<name>=<size>, e.g. sequence=128", actual: words });
  return [name, wholeNumber("dim", size)];
}

const count = (value: number | bigint): string => value.toLocaleString("en");

function text(file: string, report: ModelReport, profiles: readonly Profile[]): string {
  const { parameters, unsupported, inference, training, untrainable } = report;
  const facts = [
    `${file}: ONNX, opset ${report.opset}`,
    `inputs      ${report.inputs.join(", ")}`,
    `outputs     ${report.outputs.join(", ")}`,
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
    profiles.length === 0 ? "no profile can judge this model" : `can be a job in: ${profiles.join(", ")}`,
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
