import { setTimeout as sleep } from "node:timers/promises";
import { BaseError, createPublicClient, type Hex, http, keccak256, type PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { type Forced, type ForceModules, forceCall, forceEnvelope } from "../../l2-node/l1/force.ts";
import { L1Sender } from "../../l2-node/l1/sender.ts";
import { readChain } from "../../verifier/read-chain.ts";
import { EXIT } from "../exit.ts";
import { type ForceOptions, type ForceRequest, requestOf } from "../force-options.ts";
import { checkDeployed, checkL1 } from "../service/l1.ts";
import { l1Key } from "../service/l1-key.ts";
import { l1Refused } from "../service/l1-refused.ts";
import { checkNode } from "../service/node.ts";
import { wait } from "../waiting.ts";

export interface TxForceOptions extends ForceOptions {
  readonly json: boolean;
  readonly chainFile: string;
  readonly l1Url: string;
  readonly nodeUrl: string;
  readonly wait: string;
}

/** What the L2 node says of a transaction (`anh_getTransactionStatus`). */
interface Status {
  readonly state: string;
  readonly reason?: string;
  readonly includedInBlock?: Hex;
  readonly blockNumber?: Hex;
  /** Why it failed where it was executed. */
  readonly error?: string;
}

const POLL_MS = 250;
const MOMENTS = ["queued", "included", "executed"] as const;

/** `anh tx force`: brings a signed L2 transaction, or a call by the L1 account, past the sequencer through L1's Inbox. */
export async function forceTransaction(raw: string | undefined, options: TxForceOptions): Promise<void> {
  const moment = MOMENTS.find((name) => name === options.wait);
  if (moment === undefined)
    throw new AnhError("usage", `--wait is "${options.wait}"`, { expected: MOMENTS.join(", "), actual: options.wait });
  const chain = readChain(options.chainFile);
  const request = requestOf(raw, options, chain.l2ChainId);
  const client = createPublicClient({ transport: http(options.l1Url), cacheTime: 0 });
  await checkL1(client, chain, options.l1Url);
  await checkDeployed(client, chain, options.l1Url);
  // Before anything is paid: who waits for what an L2 node says needs one.
  if (moment !== "queued") await checkNode(options.nodeUrl, chain);
  if (request.kind === "envelope") await requireNew(request.raw, options.nodeUrl);
  const sender = new L1Sender(
    { privateKey: l1Key(), l1ChainId: chain.l1ChainId, bumpAfterMs: 60_000, pollMs: POLL_MS },
    { client },
  );
  const forced = await queue(request, { client, chain, sender });
  if (!options.json) console.log(queuedText(forced, options.nodeUrl));
  const status = moment === "queued" ? undefined : await landed(forced, moment, options.nodeUrl, client, chain);
  if (options.json) console.log(JSON.stringify({ ...forced, ...(status ? { status } : {}) }, digits));
  else if (status) {
    const block = `L2 block ${BigInt(status.blockNumber ?? status.includedInBlock ?? "0x0")}`;
    console.log(status.error ? `failed: ${status.error} (${block})` : `${status.state}: ${block}`);
  }
  if (status?.error) process.exitCode = EXIT.failed;
}

const digits = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);

/** What a node shows in the chain already would be skipped there, and the lane be paid for nothing. Without a node nobody knows. */
async function requireNew(raw: Hex, nodeUrl: string): Promise<void> {
  const hash = keccak256(raw);
  const status = await statusAt(nodeUrl, hash).catch(() => null);
  if (status === null || status.state === "pending" || status.state === "skipped") return;
  throw new AnhError("already-included", `transaction ${hash} is in the chain already: ${status.state}`, {
    expected: "a transaction that the chain does not have",
    actual: status.state,
    hint: "there is nothing to force",
  });
}

const statusAt = (nodeUrl: string, hash: Hex): Promise<Status | null> =>
  createPublicClient({ transport: http(nodeUrl, { retryCount: 0 }) }).request({
    method: "anh_getTransactionStatus",
    params: [hash],
  } as never);

async function queue(request: ForceRequest, modules: ForceModules & { readonly sender: L1Sender }): Promise<Forced> {
  try {
    return await (request.kind === "envelope"
      ? forceEnvelope(request.raw, request.gasLimit, modules)
      : forceCall(request.call, modules));
  } catch (cause) {
    if (!(cause instanceof BaseError)) throw cause;
    throw l1Refused(
      modules.sender.account.address,
      cause,
      "the account pays the lane's gas and what it brings along; beyond 2^25 gas per L1 block, try again in the next",
    );
  }
}

/** Polls the L2 node until the transaction is there. L1 leaves no way to keep it out beyond the bounds, so neither do we wait. */
async function landed(
  { l2Transaction, included }: Forced,
  moment: "included" | "executed",
  nodeUrl: string,
  l1: PublicClient,
  { clocks }: ChainFile,
): Promise<Status> {
  const lastSecond = included.noBatchWithoutItAfter + BigInt(clocks.inclusionWindowSeconds);
  const waiting = wait(`waiting until it is ${moment}, at the latest ${instant(included.noBatchWithoutItAfter)}`);
  try {
    for (;;) {
      const status = await statusAt(nodeUrl, l2Transaction).catch(() => null);
      if (status?.state === "skipped")
        throw new AnhError("skipped", `block ${BigInt(status.includedInBlock ?? "0x0")} skipped it: ${status.reason}`, {
          hint: "nobody was charged on L2; mend what is named and force it again",
        });
      if (status && (moment === "included" ? status.state !== "pending" : isExecuted(status))) return status;
      if ((await l1.getBlock()).timestamp > lastSecond)
        throw new AnhError(
          "not-included",
          "the node does not show it although L1 allows no chain without it any more",
          {
            hint: `is the node at ${nodeUrl} up to date? If nobody has anchored since, anybody may anchor the fallback block`,
          },
        );
      await sleep(POLL_MS);
    }
  } finally {
    waiting.stop();
  }
}

const isExecuted = ({ state }: Status): boolean => state.startsWith("executed") || state === "settled";

const instant = (seconds: bigint): string => `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;

function queuedText({ inboxIndex, l1Block, l1Transaction, l2Transaction, included }: Forced, nodeUrl: string): string {
  return [
    `Inbox message ${inboxIndex}, in L1 block ${l1Block} by transaction ${l1Transaction}`,
    `On L2 it is transaction ${l2Transaction}`,
    `No batch can leave it out after ${instant(included.noBatchWithoutItAfter)}.`,
    `If the sequencer anchors nothing from now on, anybody may anchor a block that has it after ${instant(included.fallbackAfter)}.`,
    `See it land: cast rpc anh_getTransactionStatus ${l2Transaction} --rpc-url ${nodeUrl}`,
  ].join("\n");
}
