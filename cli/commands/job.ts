import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withCheckModules } from "../../verifier/check/bench.ts";
import { compareReplay, type Divergence } from "../../verifier/check/replay.ts";
import { assembleInputs } from "../../verifier/claims/assemble.ts";
import { openDataClient } from "../../verifier/data/client.ts";
import { openLibrary } from "../../verifier/data/library.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { totalRuntime } from "../../verifier/runtime/total.ts";
import { claimedRun } from "../../verifier/trace/inputs.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { table } from "../demo/table.ts";
import { EXIT } from "../exit.ts";
import { type ClaimOptions, claimFromL1 } from "./claim-from-l1.ts";

const TIMEOUT_MS = 30_000;

/** `anh job replay`: computes a claimed run again and names the first op whose bits differ. */
export async function replayJob(claimHash: string, options: ClaimOptions & { readonly json: boolean }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "anh-replay-"));
  try {
    const divergence = await compare(claimHash, options, folder);
    console.log(options.json ? JSON.stringify({ claimHash, divergence: divergence ?? null }) : text(divergence));
    process.exitCode = divergence === undefined ? EXIT.ok : EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(words: string, options: ClaimOptions, folder: string): Promise<Divergence | undefined> {
  const { logged, spec, urls } = await claimFromL1(words, options);
  const { claimHash, claim, dataUrl } = logged;
  const library = openLibrary(openBlobStore(folder), openDataClient({ urls, timeoutMs: TIMEOUT_MS }));
  const inputs = claimedRun(await assembleInputs(spec.task, spec.seed, spec.consumed, library), spec.failure);
  const data = openDataClient({ urls: [dataUrl], timeoutMs: TIMEOUT_MS });
  return withCheckModules(totalRuntime(onnxRuntime({ threads: 1 })), inputs, (modules) =>
    compareReplay({ claimHash, claim, inputs, data }, modules),
  );
}

function text(divergence: Divergence | undefined): string {
  if (divergence === undefined) return "every segment gives the claimed bits";
  const { step, segment, first, differingNodes } = divergence;
  if (divergence.notFailed)
    return `step ${step} (segment ${segment}) does not fail: the element that is said to have none has a result`;
  const where = `step ${step} (segment ${segment}): ${differingNodes} nodes differ`;
  if (first === undefined) return `${where}: only what is fed to it, or its metric, is another`;
  const { name, op, differing, elements, firstElement } = first;
  const rows = first.ulps.map(({ upTo, elements: count }) => [upTo === 0 ? "equal" : `≤ ${upTo} ulp`, `${count}`]);
  const element = firstElement === undefined ? "" : `, the first is element ${firstElement}`;
  return [
    where,
    `the first is ${name} (${op}): ${differing} of ${elements} elements differ${element}`,
    table(["distance", "elements"], rows),
  ].join("\n\n");
}
