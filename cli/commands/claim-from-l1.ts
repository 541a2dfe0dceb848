import { type Hex, isHex, size } from "viem";
import { AnhError } from "../../common/errors.ts";
import { shownUrl } from "../../common/trouble.ts";
import { type LoggedClaim, openClaimLog } from "../../verifier/claims/log.ts";
import type { RunSpec } from "../../verifier/claims/runs.ts";
import { specOf } from "../../verifier/claims/spec.ts";
import { openL1 } from "../../verifier/clients.ts";
import { readChain } from "../../verifier/read-chain.ts";
import { firstThatAnswers } from "../service/l1.ts";
import { checkNode } from "../service/node.ts";

/** Where a command finds a claim and what it names. */
export interface ClaimOptions {
  readonly chainFile: string;
  readonly l1Url: string;
  readonly nodeUrl: string;
}

export interface FoundClaim {
  readonly logged: LoggedClaim;
  readonly spec: RunSpec;
  /** Data services that may hold what it names: the node, its claimant, the claimant of what it consumed. */
  readonly urls: readonly string[];
}

const POLL_MS = 250;

/** A claim as L1 logged it. */
export async function claimFromL1(words: string, { chainFile, l1Url, nodeUrl }: ClaimOptions): Promise<FoundClaim> {
  if (!isHex(words) || size(words) !== 32)
    throw new AnhError("usage", `"${words}" is no claim hash`, { expected: "32 bytes in hex", actual: words });
  const claimHash: Hex = words;
  const chain = readChain(chainFile);
  await firstThatAnswers([l1Url], chain);
  // Its claimant may serve what no node does; but what answers as a node must be one.
  await checkNode(nodeUrl, chain).catch((error: AnhError) => {
    if (error.code !== "node-unavailable") throw error;
  });
  const l1 = openL1({ urls: [l1Url], chain, pollMs: POLL_MS }, () => {});
  const claims = await openClaimLog(l1.client, l1.contracts.resultClaims, l1.fromBlock).read();
  const logged = claims.get(claimHash);
  const spec = logged && specOf(logged, claims);
  if (logged === undefined || spec === undefined)
    throw new AnhError("not-found", `L1 logged no claim ${claimHash}`, {
      actual: claimHash,
      hint: `a training's id is no claim; its claims: cast rpc anh_getClaims '{"id": "${claimHash}"}' --rpc-url ${shownUrl(nodeUrl)}`,
    });
  const consumed = spec.consumed === undefined ? [] : [spec.consumed.dataUrl];
  return { logged, spec, urls: [nodeUrl, logged.dataUrl, ...consumed] };
}
