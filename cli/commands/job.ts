import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../common/claim.ts";
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
    const { divergence, failure } = await compare(claimHash, options, folder);
    const failedStep = failure === undefined ? null : failure.steps - 1;
    console.log(
      options.json
        ? JSON.stringify({ claimHash, divergence: divergence ?? null, failedStep })
        : text(divergence, failedStep),
    );
    process.exitCode = divergence === undefined ? EXIT.ok : EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Compared = { readonly divergence: Divergence | undefined; readonly failure: Failure | undefined };

async function compare(words: string, options: ClaimOptions, folder: string): Promise<Compared> {
  const { logged, spec, urls } = await claimFromL1(words, options);
  const { claimHash, claim, dataUrl } = logged;
  const library = openLibrary(openBlobStore(folder), openDataClient({ urls, timeoutMs: TIMEOUT_MS }));
  const inputs = claimedRun(await assembleInputs(spec.task, spec.seed, spec.consumed, library), spec.failure);
  const data = openDataClient({ urls: [dataUrl], timeoutMs: TIMEOUT_MS });
  const divergence = await withCheckModules(totalRuntime(onnxRuntime({ threads: 1 })), inputs, (modules) =>
    compareReplay({ claimHash, claim, inputs, data }, modules),
  );
  return { divergence, failure: spec.failure };
}

function text(divergence: Divergence | undefined, failedStep: number | null): string {
  if (divergence === undefined)
    return failedStep === null
      ? "every segment gives the claimed bits"
      : `every segment gives the claimed bits, and step ${failedStep} fails where the claim says so`;
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
