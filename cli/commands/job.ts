import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, isHex, size } from "viem";
import { type ChainFile, decodeChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { withCheckModules } from "../../verifier/check/bench.ts";
import { compareReplay, type Divergence } from "../../verifier/check/replay.ts";
import { assembleInputs } from "../../verifier/claims/assemble.ts";
import { openClaimLog } from "../../verifier/claims/log.ts";
import { specOf } from "../../verifier/claims/spec.ts";
import { openL1 } from "../../verifier/clients.ts";
import { openDataClient } from "../../verifier/data/client.ts";
import { openLibrary } from "../../verifier/data/library.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { table } from "../demo/table.ts";
import { EXIT } from "../exit.ts";

interface ReplayOptions {
  readonly json: boolean;
  readonly chainFile: string;
  readonly l1Url: string;
  readonly nodeUrl: string;
}

const TIMEOUT_MS = 30_000;
const POLL_MS = 250;

/** `anh job replay --compare`: computes a claimed run again and names the first op whose bits differ. */
export async function replayJob(claimHash: string, options: ReplayOptions): Promise<void> {
  if (!isHex(claimHash) || size(claimHash) !== 32)
    throw new AnhError("usage", `"${claimHash}" is no claim hash`, { expected: "32 bytes in hex", actual: claimHash });
  const folder = await mkdtemp(join(tmpdir(), "anh-replay-"));
  try {
    const divergence = await compare(claimHash, options, folder);
    console.log(options.json ? JSON.stringify({ claimHash, divergence: divergence ?? null }) : text(divergence));
    process.exitCode = divergence === undefined ? EXIT.ok : EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  claimHash: Hex,
  { chainFile, l1Url, nodeUrl }: ReplayOptions,
  folder: string,
): Promise<Divergence | undefined> {
  const l1 = openL1({ url: l1Url, chain: readChain(chainFile), pollMs: POLL_MS });
  const claims = await openClaimLog(l1.client, l1.contracts.resultClaims, l1.fromBlock).read();
  const logged = claims.get(claimHash);
  const spec = logged && specOf(logged, claims);
  if (logged === undefined || spec === undefined)
    throw new AnhError("not-found", `L1 logged no claim ${claimHash}`, { actual: claimHash });
  const consumed = spec.consumed === undefined ? [] : [spec.consumed.dataUrl];
  const client = (urls: readonly string[]) => openDataClient({ urls, timeoutMs: TIMEOUT_MS });
  const library = openLibrary(openBlobStore(folder), client([nodeUrl, logged.dataUrl, ...consumed]));
  const inputs = await assembleInputs(spec.task, spec.seed, spec.consumed, library);
  const subject = { claimHash, claim: logged.claim, inputs, data: client([logged.dataUrl]) };
  return withCheckModules(onnxRuntime({ threads: 1 }), inputs, (modules) => compareReplay(subject, modules));
}

function readChain(path: string): ChainFile {
  try {
    return decodeChainFile(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new AnhError("usage", `${path} cannot be read as a chain file`, { actual: path, cause });
  }
}

function text(divergence: Divergence | undefined): string {
  if (divergence === undefined) return "every segment gives the claimed bits";
  const { step, segment, first, differingNodes } = divergence;
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
