import { createPublicClient, type Hex, http } from "viem";
import type { Clocks } from "../../common/clocks.ts";
import { AnhError } from "../../common/errors.ts";
import { shownUrl } from "../../common/trouble.ts";
import type { ChainStatus } from "../../l2-node/chain/status.ts";
import type { DiskUse, FolderStatus } from "../../l2-node/status.ts";
import { readChain } from "../../verifier/read-chain.ts";
import { checkL1 } from "../service/l1.ts";
import { type NodeTrouble, troublesOf } from "../service/node-trouble.ts";

export interface NodeStatusOptions {
  readonly nodeUrl: string;
  readonly dataDir?: string;
  readonly chainFile?: string;
  readonly l1Url?: string;
  readonly json: boolean;
}

/** What a folder or a running node says of itself. */
interface Found {
  readonly of: string;
  readonly status: ChainStatus;
  readonly clocks: Clocks;
  readonly l1ChainId: bigint;
  readonly isRunning: boolean;
  readonly role: string;
  readonly executed: bigint | null;
  readonly mempool: number | null;
  readonly disk: DiskUse | undefined;
}

/** `anh node status`: how far a node is, by its folder or as it answers. */
export async function nodeStatus(options: NodeStatusOptions): Promise<void> {
  const { dataDir, l1Url } = options;
  const found = dataDir === undefined ? await ofNode(options.nodeUrl) : await ofFolder(dataDir, options.chainFile);
  const l1Head = l1Url === undefined ? undefined : await headOf(l1Url, found);
  const now = BigInt(Math.floor(Date.now() / 1000));
  const freeBytes = found.disk?.free;
  const trouble = troublesOf({ ...found, l1Head, now, freeBytes });
  const { of, isRunning, role, executed, mempool, disk } = found;
  const { l1, ...status } = found.status;
  const age = l1 && { ageSeconds: now - l1.timestamp, ...(l1Head === undefined ? {} : { head: l1Head }) };
  const shown = { of, isRunning, role, ...status, executed, l1: l1 && { ...l1, ...age }, mempool, disk, trouble };
  const text = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
  console.log(options.json ? JSON.stringify(shown, text) : inWords(found, now, l1Head, trouble));
}

async function ofFolder(dataDir: string, chainFile: string | undefined): Promise<Found> {
  if (chainFile === undefined)
    throw new AnhError("usage", "--data-dir needs --chain-file", { hint: "as `dev` and `demo` write it" });
  const file = readChain(chainFile);
  const { folderStatus } = await import("../../l2-node/status.ts");
  const status: FolderStatus = folderStatus(dataDir, file);
  const { isRunning, role, executed, mempool, disk, ...chain } = status;
  return {
    of: dataDir,
    status: chain,
    clocks: file.clocks,
    l1ChainId: file.l1ChainId,
    isRunning,
    role,
    executed,
    mempool,
    disk,
  };
}

type Answer<T> = {
  readonly [K in keyof T]: T[K] extends bigint ? Hex : T[K] extends bigint | null ? Hex | null : Answer<T[K]>;
};
type SyncStatus = Answer<ChainStatus & { readonly executed: bigint | null }> & {
  readonly role: string;
  readonly mempool: number | null;
};

async function ofNode(url: string): Promise<Found> {
  const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  const ask = <T>(method: string) => client.request({ method } as never) as Promise<T>;
  const [answer, { clocks, l1ChainId }] = await Promise.all([
    ask<SyncStatus>("anh_syncStatus"),
    ask<{ clocks: Clocks; l1ChainId: Hex }>("anh_chainFile"),
  ]).catch(async (cause) => {
    const chainId = await client.getChainId().catch(() => undefined);
    if (chainId !== undefined)
      throw new AnhError("wrong-l2", `what answers at ${shownUrl(url)} is no node of an L2`, {
        cause,
        expected: "an answer to anh_syncStatus",
        actual: `that of chain ${chainId} to eth_chainId alone`,
        hint: "is it the L1's URL? --l1-url and --node-url are easily confused",
      });
    throw new AnhError("node-unavailable", `no node answers at ${shownUrl(url)}`, {
      cause,
      hint: "--data-dir and --chain-file show what the folder of one that was stopped holds",
    });
  });
  const { role, mempool, executed, ...status } = numbersIn(answer) as unknown as ChainStatus &
    Pick<Found, "role" | "mempool" | "executed">;
  const of = shownUrl(url);
  return {
    of,
    status,
    clocks,
    l1ChainId: BigInt(l1ChainId),
    isRunning: true,
    role,
    executed,
    mempool,
    disk: undefined,
  };
}

/** Quantities as bigint; hashes are longer. */
function numbersIn(value: unknown): unknown {
  if (typeof value === "string" && /^0x[0-9a-f]{1,16}$/.test(value)) return BigInt(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, numbersIn(one)]));
}

async function headOf(url: string, found: Found): Promise<bigint> {
  const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  await checkL1(client, found, url);
  return client.getBlockNumber({ cacheTime: 0 }).catch((cause) => {
    throw new AnhError("l1-unavailable", `no L1 node answers at ${shownUrl(url)}`, { cause });
  });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function inWords(found: Found, now: bigint, l1Head: bigint | undefined, trouble: readonly NodeTrouble[]): string {
  const { of, status, isRunning, role, executed, mempool, disk } = found;
  const { latest, safe, finalized, unanchored, l1, l1Finalized, lastBatch, openClaims, inboxCount, consumedCount } =
    status;
  const behind = l1 && l1Head !== undefined ? `, ${l1Head > l1.number ? l1Head - l1.number : 0n} behind L1` : "";
  const ago = lastBatch?.anchoredAt == null ? "" : `, ${now - lastBatch.anchoredAt} s ago`;
  const lines: readonly (readonly [string, string])[] = [
    ["node", `${role}, ${of}${isRunning ? "" : ", not running"}`],
    [
      "blocks",
      `head ${latest}, safe ${safe}, finalized ${finalized}; ${unanchored} not anchored; executed ${executed ?? "none"}`,
    ],
    ["L1", l1 ? `block ${l1.number}, ${now - l1.timestamp} s old${behind}; finalized ${l1Finalized}` : "nothing read"],
    ["inbox", `${inboxCount} messages, ${consumedCount} in blocks`],
    [
      "batches",
      lastBatch
        ? `${lastBatch.batch} with blocks ${lastBatch.firstNumber} to ${lastBatch.lastNumber} in L1 block ${lastBatch.l1Block}${ago}`
        : "none",
    ],
    ["claims", `${openClaims} open`],
    ["pool", mempool === null ? "none" : `${mempool} waiting`],
    ...(disk === undefined ? [] : [["disk", diskInWords(disk)] as const]),
    ...(trouble.length === 0
      ? [["trouble", "none"] as const]
      : trouble.map(({ message }) => ["trouble", message] as const)),
  ];
  return lines.map(([name, words]) => `${name.padEnd(8)} ${words}`).join("\n");
}

const diskInWords = ({ chain, state, pool, blobs, total, free }: DiskUse): string =>
  `chain ${megabytes(chain)}, state ${megabytes(state)}, pool ${megabytes(pool)}, uploads ${megabytes(blobs)}; ` +
  `${megabytes(total)} in all, ${megabytes(free)} free`;
