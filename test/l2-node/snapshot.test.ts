// What a node has of the finalized chain, in a file from which another one starts, though L1 gives no batch any more.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPublicClient, createTestClient, custom, type Hex, http, numberToHex, type PublicClient } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { type ChainFile, encodeChainFile } from "../../common/chain-file.ts";
import { chainSource } from "../../l2-node/execution/chain-source.ts";
import { LazyExecution } from "../../l2-node/execution/lazy.ts";
import { Anchor, type AnchorOptions } from "../../l2-node/l1/anchor.ts";
import { openBlobSource } from "../../l2-node/l1/blob-source.ts";
import { Follower } from "../../l2-node/l1/follower.ts";
import { openKzg } from "../../l2-node/l1/kzg.ts";
import { L1Sender } from "../../l2-node/l1/sender.ts";
import { decodeArchived, encodeArchived, SnapshotError, TAIL_BYTES } from "../../l2-node/snapshot/format.ts";
import { openSnapshot, type Snapshot } from "../../l2-node/snapshot/open.ts";
import { writeSnapshot } from "../../l2-node/snapshot/write.ts";
import { agreedOn } from "../support/agreed.ts";
import { catchUpWith } from "../support/catch-up.ts";
import { startL1, type TestL1 } from "../support/l1.ts";
import { testNode } from "../support/node.ts";
import { startNodeProcess } from "../support/node-process.ts";
import { prepay } from "../support/prepay.ts";
import { seededRandom } from "../support/random.ts";
import { signRaw, testAddress } from "../support/transactions.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-snapshot-"));
const KILLS = process.env.ANH_LONG === undefined ? 2 : 60;
const kzg = openKzg();
const privateKey = devAccount("sequencer").privateKey;
const file = join(folder, "whole.anh");
const opened: Snapshot[] = [];
let l1: TestL1;
let sequencing: ReturnType<typeof testNode>;

const open = (path: string, chain: ChainFile = l1.chain): Snapshot => {
  const snapshot = openSnapshot(path, chain);
  opened.push(snapshot);
  return snapshot;
};

function followerOf(
  { chain }: Pick<ReturnType<typeof testNode>, "chain">,
  options: { archive?: Snapshot; client?: PublicClient; beacon?: boolean; maxStepBytes?: number } = {},
): Follower {
  const { archive, client = l1.client, beacon = false, maxStepBytes } = options;
  const blobs = openBlobSource({ urls: beacon ? [l1.url] : [], timeoutMs: 10_000 }, { kzg });
  return new Follower(
    { pollMs: 10, maxRangeBlocks: 1000n, maxBackoffMs: 100, ...(maxStepBytes ? { maxStepBytes } : {}) },
    { client, agreed: agreedOn(client), blobs, chain, archive, onTrouble: () => {} },
  );
}

async function post(data: AnchorOptions["data"], nonce: number): Promise<void> {
  const raw = await signRaw({ nonce, chainId: 42n, gas: 100_000n, to: testAddress(5), value: 0n });
  await sequencing.mempool.add(bytesOfHex(raw));
  sequencing.sequencer.seal();
  const sender = new L1Sender(
    { privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 },
    { client: l1.client },
  );
  const options = { privateKey, intervalMs: 20, maxBatchBytes: 100_000, maxBatchHeaders: 100, data };
  const modules = {
    client: l1.client,
    chain: sequencing.chain,
    sender,
    kzg,
    onTrouble: () => {},
    onAnchored: () => {},
  };
  await new Anchor(options, modules).post();
}

/** So many blocks that what was anchored is final, and the sequencer has seen it. */
async function finalize(): Promise<void> {
  await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 80 });
  await catchUpWith(followerOf(sequencing, { beacon: true }));
}

/** An L1 that gives no transactions: what a node read of it is logs, headers and proofs. */
function withoutTransactions(): { client: PublicClient; asked: () => number } {
  let asked = 0;
  const request = async (args: { method: string }) => {
    if (args.method === "eth_getTransactionByHash") asked++;
    return l1.client.request(args as never);
  };
  return { client: createPublicClient({ cacheTime: 0, transport: custom({ request }) }), asked: () => asked };
}

/** The same file with other batches, and a checksum that fits. */
function forged(change: (batches: ReturnType<typeof decodeArchived>[]) => void): string {
  const bytes = readFileSync(file);
  const end = bytes.length - TAIL_BYTES - bytes.readUInt32BE(bytes.length - TAIL_BYTES);
  const batches: ReturnType<typeof decodeArchived>[] = [];
  for (let at = 0; at < end; at += 4 + bytes.readUInt32BE(at))
    batches.push(decodeArchived(new Uint8Array(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)))));
  change(batches);
  const content = Buffer.concat([...batches.map(encodeArchived), bytes.subarray(end, -32)]);
  const path = join(folder, "forged.anh");
  writeFileSync(path, Buffer.concat([content, createHash("sha256").update(content).digest()]));
  return path;
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const other = new Uint8Array(bytes);
  other[at]! ^= 1;
  return other;
};

beforeAll(async () => {
  l1 = await startL1();
  sequencing = testNode(l1.chain, join(folder, "chain.sqlite"));
  await prepay(l1, 0);
  await catchUpWith(followerOf(sequencing));
  sequencing.sequencer.seal(); // takes the deposit in
});
afterAll(async () => {
  for (const snapshot of opened) snapshot.close();
  sequencing.store.close();
  l1.stop();
  await kzg.close();
  rmSync(folder, { recursive: true });
});

describe("a snapshot", () => {
  it("is of a folder with a chain, and of that chain", () => {
    expect(() => writeSnapshot(join(folder, "nowhere"), l1.chain, file)).toThrowError(/holds no chain/);
    mkdirSync(join(folder, "dev", "node"), { recursive: true });
    writeFileSync(join(folder, "dev", "node", "chain.sqlite"), "");
    const ofDev = expect.objectContaining({ hint: `its node's is ${join(folder, "dev", "node")}` });
    expect(() => writeSnapshot(join(folder, "dev"), l1.chain, file)).toThrowError(ofDev);
    const { header } = l1.chain.genesis;
    const other = { ...l1.chain, genesis: { ...l1.chain.genesis, header, hash: `0x${"12".repeat(32)}` as const } };
    expect(() => writeSnapshot(folder, other, file)).toThrowError(/holds another chain/);
    expect(readdirSync(folder).filter((name) => name.startsWith("whole"))).toEqual([]);
  });

  it("of nothing, or of one batch, lets a node start as any other", async () => {
    for (const batches of [0, 1]) {
      if (batches === 1) await post("calldata", 0);
      if (batches === 1) await finalize();
      const path = join(folder, `${batches}.anh`);
      const { manifest } = writeSnapshot(folder, l1.chain, path);
      expect([manifest.batches, existsSync(`${path}.part`)]).toEqual([batches, false]);
      const replica = testNode(l1.chain);
      await catchUpWith(followerOf(replica, { archive: open(path) }));
      expect(replica.chain.heads().latest).toBe(sequencing.chain.heads().safe);
    }
  });

  it("gives what a replica fed from L1 alone has: blocks, ledger, state, receipts, though L1 gives no transaction or blob", async () => {
    await post("calldata", 1);
    await post("blobs", 2);
    await post("calldata", 3);
    await finalize();
    const { manifest } = writeSnapshot(folder, l1.chain, file);
    expect(manifest.head.hash).toBe(sequencing.chain.head().hash);
    const { client, asked } = withoutTransactions();
    const [one, other] = [testNode(l1.chain), testNode(l1.chain)];
    await catchUpWith(followerOf(one, { client, archive: open(file) }));
    // The one with blobs: which ones they were, its transaction tells. Their bytes nobody does.
    expect(asked()).toBe(1);
    await catchUpWith(followerOf(other, { beacon: true }));
    const answers = await Promise.all(
      [one, other].map(async ({ chain, store }) => {
        const execution = new LazyExecution({ path: ":memory:" }, { source: chainSource(chain) });
        const { latest } = chain.heads();
        const blocks = Array.from({ length: Number(latest) + 1 }, (_, number) => store.blocks.block(BigInt(number)));
        const receipts = await Promise.all(blocks.map((_, number) => execution.blockReceipts(BigInt(number))));
        const root = await execution.stateRoot(latest);
        await execution.close();
        return { blocks, receipts, root, ledger: [0, 5].map((n) => store.blocks.account(testAddress(n))) };
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]!.receipts.flat().length).toBe(4);
  });

  it("can be left at any step and gone on with, or without", async () => {
    const path = join(folder, "left.sqlite");
    for (const archive of [open(file), undefined, open(file)]) {
      const node = testNode(l1.chain, path);
      await followerOf(node, { maxStepBytes: 1, beacon: true, ...(archive ? { archive } : {}) }).poll();
      node.store.close();
    }
    const node = testNode(l1.chain, path);
    await catchUpWith(followerOf(node, { archive: open(file) }));
    expect(node.chain.heads().latest).toBe(sequencing.chain.heads().safe);
    node.store.close();
  });
});

it(`${KILLS} kills of a node that begins from a snapshot cost it nothing but time`, {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  writeFileSync(join(folder, "chain.json"), encodeChainFile(l1.chain));
  const random = seededRandom(6);
  const args = [
    ...["--role", "replica", "--data-dir", join(folder, "killed"), "--chain-file", join(folder, "chain.json")],
    ...["--l1-url", l1.url, "--port", "0", "--snapshot", file],
  ];
  for (let kill = 0; kill < KILLS; kill++) {
    // Some before it serves, some while it reads, some when it has read all.
    const node = await startNodeProcess(args, {}, 200 + random.below(3_000)).catch(() => undefined);
    await node?.end("SIGKILL");
  }
  const node = await startNodeProcess(args);
  const { safe } = sequencing.chain.heads();
  await until(async () => BigInt((await node.call<{ safe: Hex }>("anh_syncStatus")).safe) === safe || undefined);
  for (let number = 0n; number <= safe; number++)
    expect(await node.call("eth_getBlockByNumber", numberToHex(number), false)).toMatchObject({
      hash: sequencing.store.blocks.block(number)!.hash,
    });
  expect(node.events.filter(({ event }) => event === "fault")).toEqual([]);
  expect(await node.end("SIGTERM")).toBe(0);
});

describe("what is refused", () => {
  it("a byte that was changed, anywhere, and an end that is missing", () => {
    const bytes = readFileSync(file);
    const path = join(folder, "changed.anh");
    for (let at = 0; at < bytes.length; at += 37) {
      writeFileSync(path, flipped(bytes, at));
      expect(() => open(path), `byte ${at}`).toThrowError(SnapshotError);
    }
    for (const length of [0, 10, TAIL_BYTES, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(() => open(path), `${length} bytes`).toThrowError(/no whole snapshot/);
    }
  });

  it("another chain's, by the field that differs", () => {
    expect(() => open(file, { ...l1.chain, l2ChainId: 43n })).toThrowError(/its l2ChainId differs/);
    const contracts = { ...l1.chain.contracts, inbox: testAddress(1) };
    expect(() => open(file, { ...l1.chain, contracts })).toThrowError(/its contracts differ/);
  });

  it("a batch that is not L1's, though the file is whole: by header, transaction, or number", async () => {
    type Batches = ReturnType<typeof decodeArchived>[];
    const lies: [RegExp, (batches: Batches) => void][] = [
      [
        /header 1 of 1 differs/,
        (all) => all.splice(1, 1, { ...all[1]!, headers: [flipped(all[1]!.headers[0]!, 200)] }),
      ],
      [/transactions of block \d+ differ/, (all) => all.splice(1, 1, { ...all[1]!, data: flipped(all[1]!.data, 40) })],
      [/transactions of block \d+ differ/, (all) => all.splice(1, 1, { ...all[1]!, data: all[0]!.data })],
      [/number of its headers differs/, (all) => all.splice(1, 1, { ...all[1]!, headers: [] })],
    ];
    for (const [told, lie] of lies) {
      const replica = testNode(l1.chain);
      const error = await catchUpWith(followerOf(replica, { archive: open(forged(lie)), beacon: true })).catch(
        (e) => e,
      );
      expect(error).toBeInstanceOf(SnapshotError);
      expect(error.message).toMatch(told);
      expect(replica.chain.head().header.number).toBe(0n);
    }
  });

  it("as a setting, before anything is served", async () => {
    const path = join(folder, "setting.anh");
    writeFileSync(path, flipped(readFileSync(file), 50));
    writeFileSync(join(folder, "chain.json"), encodeChainFile(l1.chain));
    const args = [
      "--role",
      "replica",
      "--data-dir",
      join(folder, "replica"),
      "--chain-file",
      join(folder, "chain.json"),
    ];
    const start = (snapshot: string) =>
      startNodeProcess([...args, "--l1-url", l1.url, "--port", "0", "--snapshot", snapshot]);
    await expect(start(path)).rejects.toThrowError(/exit 78: [\s\S]*no whole snapshot/);
    copyFileSync(file, path);
    const node = await start(path);
    expect(await node.end("SIGTERM")).toBe(0);
  });
});
