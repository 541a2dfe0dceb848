import { setTimeout as sleep } from "node:timers/promises";
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  encodeFunctionData,
  formatEther,
  type Hex,
  http,
  isHex,
  numberToHex,
  type PublicClient,
  parseEventLogs,
  size,
} from "viem";
import { OUTBOX_ADDRESS } from "../../common/addresses.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { bridgeAbi } from "../../common/contracts/bridge.ts";
import { outboxAbi } from "../../common/contracts/outbox.ts";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import { AnhError } from "../../common/errors.ts";
import { L1TransactionError } from "../../l2-node/l1/errors.ts";
import { L1Sender } from "../../l2-node/l1/sender.ts";
import { readChain } from "../../verifier/read-chain.ts";
import { checkDeployed, checkL1 } from "../service/l1.ts";
import { l1Key } from "../service/l1-key.ts";
import { l1Refused } from "../service/l1-refused.ts";
import { checkNode } from "../service/node.ts";
import { wait } from "../waiting.ts";

export interface WithdrawOptions {
  readonly json: boolean;
  readonly wait: boolean;
  readonly chainFile: string;
  readonly l1Url: string;
  readonly nodeUrl: string;
}

/** What an L2 transaction withdrew, and how far that is (`anh_getWithdrawalStatus`). */
interface Withdrawal {
  readonly index: Hex;
  readonly from: Address;
  readonly to: Address;
  readonly amountWei: Hex;
  readonly blockNumber: Hex;
  readonly state: "unclaimed" | "claimed" | "settled" | "paid";
  /** Of the state claim that holds it. */
  readonly number?: Hex;
  readonly settleableAt?: Hex;
}

interface Modules {
  readonly chain: ChainFile;
  readonly l1: PublicClient;
  readonly l2: PublicClient;
}

/** What is paid, by which L1 transaction where this command sent it, and what the rest waits for. */
interface Progress {
  readonly paid: readonly (Withdrawal & { readonly l1Transaction?: Hex })[];
  readonly waiting: readonly { readonly index?: Hex; readonly for: string }[];
}

const POLL_MS = 1_000;

/** `anh tx withdraw`: takes what an L2 transaction withdrew as far as it can go on L1. Once it is paid, there is nothing left to do. */
export async function payOut(hash: string, options: WithdrawOptions): Promise<void> {
  if (!isHex(hash) || size(hash) !== 32)
    throw new AnhError("usage", `"${hash}" is no transaction hash`, {
      expected: "0x and 64 hex digits",
      hint: "that of the L2 transaction that called the Outbox",
    });
  // Whoever waits for days is not told then that it is missing, or that it is none.
  if (options.wait || process.env.ANH_KEY) l1Key();
  const chain = readChain(options.chainFile);
  const l1 = createPublicClient({ transport: http(options.l1Url), cacheTime: 0 });
  const l2 = createPublicClient({ transport: http(options.nodeUrl), cacheTime: 0 });
  await checkL1(l1, chain, options.l1Url);
  await checkDeployed(l1, chain, options.l1Url);
  await checkNode(options.nodeUrl, chain);
  const paidBy = new Map<Hex, Hex>();
  const waiting = wait("waiting until it is paid");
  try {
    for (;;) {
      const progress = await advance(hash, { chain, l1, l2 }, paidBy);
      if (options.wait && progress.waiting.length > 0) {
        await sleep(POLL_MS);
        continue;
      }
      console.log(options.json ? JSON.stringify({ transaction: hash, ...progress }) : inWords(progress));
      return;
    }
  } finally {
    waiting.stop();
  }
}

async function advance(hash: Hex, modules: Modules, paidBy: Map<Hex, Hex>): Promise<Progress> {
  const receipt = await executed(hash, modules.l2);
  if (typeof receipt === "string") return { paid: [], waiting: [{ for: receipt }] };
  const paid: Progress["paid"][number][] = [];
  const waiting: Progress["waiting"][number][] = [];
  for (const index of receipt) {
    const withdrawal = await move(index, modules, paidBy);
    const l1Transaction = paidBy.get(index);
    if (withdrawal.state === "paid") paid.push({ ...withdrawal, ...(l1Transaction ? { l1Transaction } : {}) });
    else waiting.push({ index, for: reasonOf(withdrawal) });
  }
  return { paid, waiting };
}

/** Indices of what it withdrew, or what its execution waits for. */
async function executed(hash: Hex, l2: PublicClient): Promise<readonly Hex[] | string> {
  type Status = { readonly state: string; readonly reason?: string; readonly error?: string };
  const status = await ask<Status | null>(l2, "anh_getTransactionStatus", [hash]);
  if (status === null)
    throw new AnhError("not-found", `the L2 node knows no transaction ${hash}`, {
      hint: "name the L2 transaction that called the Outbox; one that the sequencer dropped has to be sent again",
    });
  if (status.state === "skipped")
    throw new AnhError("skipped", `it was skipped, and nobody charged: ${status.reason}`, { hint: "send it again" });
  const receipt = await l2.getTransactionReceipt({ hash }).catch(() => undefined);
  if (receipt === undefined) return `its execution on L2: it is ${status.state}`;
  const logs = receipt.logs.filter(({ address }) => address === OUTBOX_ADDRESS);
  const found = parseEventLogs({ abi: outboxAbi, logs, eventName: "Withdrawn" });
  if (found.length === 0)
    throw new AnhError(
      "no-withdrawal",
      `transaction ${hash} withdrew nothing${status.error ? `: ${status.error}` : ""}`,
      {
        expected: `a call of withdraw(address) at ${OUTBOX_ADDRESS}`,
        hint: "ether leaves L2 through the Outbox alone",
      },
    );
  return found.map(({ args }) => numberToHex(args.index));
}

/** Pays it out where it can be paid. */
async function move(index: Hex, modules: Modules, paidBy: Map<Hex, Hex>): Promise<Withdrawal> {
  const { chain, l2 } = modules;
  const withdrawal = await settled(index, modules);
  const number = BigInt(withdrawal.number ?? 0);
  if (withdrawal.state !== "settled") return withdrawal;
  const shown = await ask<{ readonly proof: readonly Hex[] } | null>(l2, "anh_getWithdrawalProof", [
    index,
    numberToHex(number),
  ]);
  // The node has yet to execute that far.
  if (shown === null) return withdrawal;
  const { from, to, amountWei } = withdrawal;
  const leaf = { index: BigInt(index), from, to, amountWei: BigInt(amountWei) };
  const call = {
    address: chain.contracts.bridge,
    abi: bridgeAbi,
    functionName: "finalizeWithdrawal",
    args: [number, leaf, shown.proof],
  };
  const sent = await sendUnlessDone(call, modules);
  if (sent !== undefined) paidBy.set(index, sent);
  return statusOf(index, l2);
}

/** Settles the state claim that holds it, where its window is over. */
async function settled(index: Hex, modules: Modules): Promise<Withdrawal> {
  const { chain, l1, l2 } = modules;
  const found = await statusOf(index, l2);
  if (found.state !== "claimed" || (await l1.getBlock()).timestamp < BigInt(found.settleableAt!)) return found;
  const args = [BigInt(found.number!)];
  await sendUnlessDone(
    { address: chain.contracts.stateClaims, abi: stateClaimsAbi, functionName: "settle", args },
    modules,
  );
  return statusOf(index, l2);
}

interface Call {
  readonly address: Address;
  readonly abi: typeof bridgeAbi | typeof stateClaimsAbi;
  readonly functionName: string;
  readonly args: readonly unknown[];
}

/** Somebody else may be faster: nothing is lost then. */
const DONE = new Set(["AlreadyPaid", "NotPosted", "NotAscending"]);

async function sendUnlessDone(call: Call, { chain, l1 }: Modules): Promise<Hex | undefined> {
  const { l1ChainId } = chain;
  const sender = new L1Sender({ privateKey: l1Key(), l1ChainId, bumpAfterMs: 60_000, pollMs: 250 }, { client: l1 });
  try {
    await l1.simulateContract({ ...call, account: sender.account } as never);
  } catch (cause) {
    if (!(cause instanceof BaseError)) throw cause;
    const reverted = cause.walk((inner) => inner instanceof ContractFunctionRevertedError);
    const name = reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined;
    if (name !== undefined && DONE.has(name)) return undefined;
    throw new AnhError("l1-refused", `L1 refuses ${call.functionName}: ${name ?? cause.shortMessage}`, {
      cause,
      hint:
        name === "PayoutFailed" || name === "TargetRefused"
          ? "the receiver does not take ether; it stays in custody, to be paid when it does"
          : "is the L2 node in step with this L1, and has the account ether for gas?",
    });
  }
  const data = encodeFunctionData(call as never);
  try {
    return (await sender.send({ to: call.address, data })).transactionHash;
  } catch (error) {
    if (error instanceof L1TransactionError && error.code === "l1-reverted") return undefined;
    if (error instanceof BaseError)
      throw l1Refused(sender.account.address, error, "the account pays the gas: has it ether on L1?");
    throw error;
  }
}

async function statusOf(index: Hex, l2: PublicClient): Promise<Withdrawal> {
  const found = await ask<Withdrawal | null>(l2, "anh_getWithdrawalStatus", [index]);
  if (found === null) throw new AnhError("not-found", `the L2 node knows no withdrawal ${BigInt(index)} any more`);
  return found;
}

const ask = <T>(client: PublicClient, method: string, params: readonly unknown[]): Promise<T> =>
  client.request({ method, params } as never) as Promise<T>;

function reasonOf({ state, blockNumber, number, settleableAt }: Withdrawal): string {
  const block = `L2 block ${BigInt(blockNumber)}`;
  if (state === "unclaimed")
    return `a state claim on ${block}: it is posted once the block is anchored and every claimed result that it could have used is decided`;
  if (state === "claimed") {
    const from = new Date(Number(settleableAt) * 1000).toISOString().slice(0, 19);
    return `the window of state claim ${BigInt(number!)}, which anybody may settle from ${from}Z on`;
  }
  return `the L2 node: it has yet to execute ${block}`;
}

function inWords({ paid, waiting }: Progress): string {
  const done = paid.map(
    ({ index, to, amountWei, l1Transaction }) =>
      `withdrawal ${BigInt(index)}: ${formatEther(BigInt(amountWei))} ETH ${l1Transaction ? `paid to ${to} by L1 transaction ${l1Transaction}` : `were paid to ${to} before`}`,
  );
  const rest = waiting.map((one) => `${one.index ? `withdrawal ${BigInt(one.index)} ` : ""}waits for ${one.for}`);
  return [...done, ...rest].join("\n");
}
