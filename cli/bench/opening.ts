import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnhError } from "../../common/errors.ts";
import type { Figure } from "./figures.ts";

const LAYERS = 12;
/** By what is in the figures' names; `ANH_BENCH_DIM=768` measures a network as wide as GPT-2's smallest. */
const DIM = process.env.ANH_BENCH_DIM ?? "128";

/** Most memory of who opens a step of a deep transformer, and of who finds its one false element and proves it, each a process of its own. */
export async function opening(say: (text: string) => void): Promise<Record<string, Figure>> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  try {
    const figures: Record<string, Figure> = {};
    for (const part of ["claimant", "challenger"] as const) {
      const mebibytes = await peakOf(part, folder);
      figures[`peak-${part}-${LAYERS}-layers-d${DIM}`] = { value: mebibytes, unit: "MiB" };
      say(`the ${part} takes ${mebibytes} MiB`);
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function peakOf(part: string, folder: string): Promise<number> {
  const script = join(import.meta.dirname, "opening-part.ts");
  const child = spawn(process.execPath, [script, part, String(LAYERS), DIM, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.on("data", (chunk) => {
    told += chunk;
  });
  const [code] = await new Promise<[number | null]>((resolve) => child.once("exit", (status) => resolve([status])));
  if (code !== 0) throw new AnhError("bench", `the ${part} ended with code ${code}`, { actual: told });
  return Number(told);
}
