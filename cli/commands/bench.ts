import { AnhError } from "../../common/errors.ts";
import { type BenchReport, machine, type Suite } from "../bench/figures.ts";
import { table } from "../demo/table.ts";

const suites: Record<string, () => Promise<Suite>> = {
  check: async () => (await import("../bench/check.ts")).check,
  commit: async () => (await import("../bench/commit.ts")).commit,
  execute: async () => (await import("../bench/execute.ts")).execute,
  gas: async () => (await import("../bench/gas.ts")).gas,
  gpu: async () => (await import("../bench/gpu.ts")).gpu,
  memory: async () => (await import("../bench/memory.ts")).memory,
  opening: async () => (await import("../bench/opening.ts")).opening,
  precision: async () => (await import("../bench/precision.ts")).precision,
  rpc: async () => (await import("../bench/rpc.ts")).rpc,
  seal: async () => (await import("../bench/seal.ts")).seal,
  sync: async () => (await import("../bench/sync.ts")).sync,
  tolerance: async () => (await import("../bench/tolerance.ts")).tolerance,
  train: async () => (await import("../bench/train.ts")).train,
};

/** `anh bench <suite>`: figures against their reference, taken in the same run. */
export async function bench(name: string, options: { json: boolean }): Promise<void> {
  const load = Object.hasOwn(suites, name) ? suites[name] : undefined;
  if (load === undefined)
    throw new AnhError("usage", `no bench suite "${name}"`, {
      actual: name,
      hint: `suites: ${Object.keys(suites).join(", ")}`,
    });
  const suite = await load();
  const figures = await suite((text) => console.error(`${name}: ${text}`));
  const report: BenchReport = { suite: name, machine: machine(), date: new Date().toISOString().slice(0, 10), figures };
  if (options.json) {
    console.log(JSON.stringify(report));
    return;
  }
  const rows = Object.entries(figures).map(([key, { value, unit, reference, ratio }]) => [
    key,
    `${value} ${unit}`,
    reference === undefined ? "" : `${reference} ${unit}`,
    ratio === undefined ? "" : ratio.toFixed(3),
  ]);
  console.log(`${report.machine}, ${report.date}\n\n${table(["figure", "value", "reference", "ratio"], rows)}`);
}
