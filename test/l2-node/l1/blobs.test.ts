// Batches in blobs, on an L1 that has them: posted, read back through its beacon interface, and what liars can do.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeErrorResult, encodeFunctionData, type Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { anchoredBatchDigest } from "../../../common/anchored-batch.ts";
import { blobsDataRoot } from "../../../common/blob.ts";
import { bytesOfHex, hexOf } from "../../../common/bytes.ts";
import { headerAnchorAbi } from "../../../common/contracts/header-anchor.ts";
import { encodeHeader } from "../../../common/header.ts";
import { L1DataError } from "../../../common/l1-errors.ts";
import { signDigest } from "../../../common/signature.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import type { Chain } from "../../../l2-node/chain/chain.ts";
import { Anchor, type AnchorOptions } from "../../../l2-node/l1/anchor.ts";
import { openBlobSource } from "../../../l2-node/l1/blob-source.ts";
import { blobsWei, calldataWei } from "../../../l2-node/l1/data-cost.ts";
import { batchAsEvidence } from "../../../l2-node/l1/evidence.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { openKzg } from "../../../l2-node/l1/kzg.ts";
import { nextPosting } from "../../../l2-node/l1/posting.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { EMPTY_SIDECAR, sidecarOf } from "../../../l2-node/l1/sidecar.ts";
import { agreedOn } from "../../support/agreed.ts";
import { catchUpWith } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { testNode } from "../../support/node.ts";
import { prepay } from "../../support/prepay.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";

const privateKey = devAccount("sequencer").privateKey;
const kzg = openKzg();
const servers: Server[] = [];
const TEN_DAYS = 864_000n;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(async () => {
  l1.stop();
  for (const server of servers) server.close();
  await kzg.close();
});

type Node = ReturnType<typeof testNode>;
const headerAnchor = () => ({ address: l1.chain.contracts.headerAnchor, abi: headerAnchorAbi }) as const;
const storedBatch = (batch: bigint) =>
  l1.client.readContract({ ...headerAnchor(), functionName: "batch", args: [batch] });
const lastBatch = async () =>
  storedBatch((await l1.client.readContract({ ...headerAnchor(), functionName: "batchCount" })) - 1n);

const senderOf = () =>
  new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 }, { client: l1.client });

const withoutBody = (block: Block | undefined) => block && { ...block, transactions: [] };

function anchorOf({ chain }: Node, data: AnchorOptions["data"]) {
  const posted: number[] = [];
  const sender = senderOf();
  const anchor = new Anchor(
    { privateKey, intervalMs: 20, maxBatchBytes: 100_000, maxBatchHeaders: 100, data },
    { client: l1.client, chain, sender, kzg, onTrouble: () => {}, onAnchored: ({ blobs }) => posted.push(blobs) },
  );
  return { anchor, posted };
}

function followerOf({ chain }: Node, urls: readonly string[]) {
  const blobs = openBlobSource({ urls, timeoutMs: 10_000 }, { kzg });
  return new Follower(
    { pollMs: 10, maxRangeBlocks: 1000n, maxBackoffMs: 100 },
    { client: l1.client, agreed: agreedOn(l1.client), blobs, chain, onTrouble: () => {} },
  );
}

async function catchUp(node: Node, ...urls: string[]): Promise<void> {
  const follower = followerOf(node, urls);
  await catchUpWith(follower);
}

/** A node that knows all of L1 so far, and seals blocks of one transaction of `dataBytes` bytes that do not compress. */
async function sealing(blocks: number, dataBytes: number): Promise<Node> {
  const node = testNode(l1.chain);
  await prepay(l1, 0);
  await catchUp(node, l1.url);
  node.sequencer.seal();
  const data: Hex = `0x${"a7".repeat(dataBytes)}`;
  const first = Number(node.mempool.pendingNonce(testAddress(0)));
  for (let i = 0; i < blocks; i++) {
    await node.mempool.add(bytesOfHex(await signRaw({ nonce: first + i, chainId: 42n, gas: 9_000_000n, data })));
    node.sequencer.seal();
  }
  return node;
}

/** A beacon node that passes on what another says, changed. */
async function startBeacon(answer: (path: string) => Promise<{ status: number; body: string }>) {
  const paths: string[] = [];
  const server: Server = createServer(async (request, response) => {
    paths.push(request.url as string);
    const { status, body } = await answer(request.url as string);
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}
/** What keeps a node from reading on; not that L1 went on while it was read. */
async function refusal(node: Node, ...urls: string[]): Promise<unknown> {
  const follower = followerOf(node, urls);
  return until(async () => {
    const error: unknown = await follower.poll().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof L1DataError && error.code === "l1-blobs" ? error : undefined;
  });
}

const passOn = async (path: string) => {
  const answer = await fetch(`${l1.url}${path}`);
  return { status: answer.status, body: await answer.text() };
};

describe("batches in blobs", () => {
  it("are posted, and a replica derives the same chain from them and from calldata between them", async () => {
    const sequencing = await sealing(1, 100);
    for (const data of ["blobs", "calldata", "blobs"] as const) {
      const { anchor, posted } = anchorOf(sequencing, data);
      expect(await anchor.post()).toBeGreaterThan(0);
      expect(posted).toEqual([data === "blobs" ? 1 : 0]);
      sequencing.sequencer.seal();
    }
    await anchorOf(sequencing, "calldata").anchor.post();
    const replica = testNode(l1.chain);
    await catchUp(replica, l1.url);
    await catchUp(sequencing, l1.url);
    expect(replica.chain.head().hash).toBe(sequencing.chain.head().hash);
    expect(sequencing.chain.heads().safe).toBe(sequencing.chain.heads().latest);
    expect(replica.store.blocks.account(testAddress(0)).nonce).toBe(1n);
  });

  it("hold more than calldata could, and go there by themselves where that is cheaper", async () => {
    const sequencing = await sealing(2, 70_000);
    const { anchor, posted } = anchorOf(sequencing, "cheaper");
    expect(await anchor.post()).toBe(3);
    expect(posted).toEqual([2]);
    const replica = testNode(l1.chain);
    await catchUp(replica, l1.url);
    expect(replica.chain.head().hash).toBe(sequencing.chain.head().hash);
    expect(replica.store.blocks.account(testAddress(0)).nonce).toBe(3n);
  });

  it("whose blobs nobody serves, or only changed ones, stop a replica with a reason, and cost it nothing", async () => {
    const replica = testNode(l1.chain);
    await expect(refusal(replica)).resolves.toMatchObject({
      code: "l1-blobs",
      hint: expect.stringMatching(/--l1-beacon-urls/),
    });
    const liar = await startBeacon(async (path) => {
      const { status, body } = await passOn(path);
      return { status, body: body.replace("a7a7a7", "a7a6a7") };
    });
    const changed = { code: "l1-blobs", actual: expect.stringMatching(/is not served/) };
    await expect(refusal(replica, liar.url)).resolves.toMatchObject(changed);
    const babbler = await startBeacon(async () => ({ status: 200, body: '{"data":["0x00"]}' }));
    await expect(refusal(replica, babbler.url)).resolves.toMatchObject({ code: "l1-blobs" });
    expect(replica.chain.head().header.number).toBe(0n);
    await catchUp(replica, liar.url, babbler.url, l1.url);
    expect(replica.store.blocks.account(testAddress(0)).nonce).toBe(3n);
  });

  it("are looked for in the slot of their block, where the beacon chain has slots", async () => {
    const logs = await l1.client.getContractEvents({ ...headerAnchor(), eventName: "BatchAnchored", fromBlock: 0n });
    const anchored = await Promise.all(logs.map(({ blockNumber }) => l1.client.getBlock({ blockNumber })));
    const genesisTime = (anchored[0]?.timestamp as bigint) - 100n;
    const said = (data: unknown) => ({ status: 200, body: JSON.stringify({ data }) });
    const beacon = await startBeacon(async (path) => {
      if (path === "/eth/v1/config/spec") return said({ SECONDS_PER_SLOT: "12" });
      if (path === "/eth/v1/beacon/genesis") return said({ genesis_time: `${genesisTime}` });
      const slot = BigInt(/blobs\/(\d+)\?/.exec(path)?.[1] as string);
      const query = path.slice(path.indexOf("?"));
      // This L1's blocks come faster than slots.
      const within = anchored.filter(({ timestamp }) => (timestamp - genesisTime) / 12n === slot);
      const found = await Promise.all(within.map(({ number }) => passOn(`/eth/v1/beacon/blobs/${number}${query}`)));
      return said(found.filter(({ status }) => status === 200).flatMap(({ body }) => JSON.parse(body).data));
    });
    const replica = testNode(l1.chain);
    await catchUp(replica, beacon.url);
    expect(replica.store.blocks.account(testAddress(0)).nonce).toBe(3n);
    expect(beacon.paths.filter((path) => path.startsWith("/eth/v1/beacon/blobs/8?"))).not.toHaveLength(0);
  });

  it("are the sequencer's word as much as others: their signature is evidence", async () => {
    const node = testNode(l1.chain);
    await catchUp(node, l1.url);
    const batch = node.store.l1.batch(1n) as NonNullable<ReturnType<typeof node.store.l1.batch>>;
    const { batchDataRoot, headers } = (await batchAsEvidence(l1.client, batch, batch.lastNumber))!;
    expect(batchDataRoot).toBe((await storedBatch(1n)).dataRoot);
    expect(headers).toHaveLength(1);
  });
});

it("the empty blob is what its library makes of it", async () => {
  expect(await sidecarOf(new Uint8Array(0), kzg)).toEqual(EMPTY_SIDECAR);
});

describe("a sequencer whose beacon node is down", () => {
  const nobody = "http://127.0.0.1:9";

  it("reads what it posted itself all the same, and asks nobody", async () => {
    const sequencing = await sealing(2, 100);
    expect(await anchorOf(sequencing, "blobs").anchor.post()).toBe(3);
    await catchUp(sequencing, nobody);
    expect(sequencing.chain.heads().safe).toBe(sequencing.chain.heads().latest);
  });

  it("does not take its blocks for those of a batch that holds others under the same headers", async () => {
    const sequencing = await sealing(1, 100);
    const after = (await lastBatch()).lastNumber;
    const options = { privateKey, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "blobs" } as const;
    // What the key signed elsewhere: no transactions.
    const blocks = sequencing.store.blocks;
    const empty = {
      ...sequencing.store,
      blocks: { ...blocks, block: (number: bigint) => withoutBody(blocks.block(number)) },
    };
    const chain = { file: sequencing.chain.file, store: empty } as unknown as Chain;
    const posting = await nextPosting(options, { client: l1.client, chain, kzg }, after);
    await senderOf().send(posting!.call);
    await expect(refusal(sequencing, nobody)).resolves.toMatchObject({ code: "l1-blobs" });
    await catchUp(sequencing, l1.url);
    expect(sequencing.chain.head()).toMatchObject({ inboxOnly: true });
  });
});

describe("anchorBlobs", () => {
  /** What L1 says to a call that carries blobs of these hashes, or fewer or others than were signed. */
  async function tried(signed: readonly Hex[], carried: readonly Hex[]): Promise<string> {
    const node = await sealing(1, 10);
    const { l1ChainId, l2ChainId } = l1.chain;
    const block = node.store.blocks.block((await lastBatch()).lastNumber + 1n)!;
    const dataRoot = blobsDataRoot(signed);
    const { number } = block.header;
    const digest = anchoredBatchDigest(
      { l1ChainId, l2ChainId, headerAnchor: headerAnchor().address },
      { firstNumber: number, lastNumber: number, lastHash: block.hash, dataRoot },
    );
    const args = [[hexOf(encodeHeader(block.header))], signDigest(digest, privateKey)] as const;
    const data = encodeFunctionData({ abi: headerAnchorAbi, functionName: "anchorBlobs", args });
    const request = {
      from: devAccount("user").address,
      to: headerAnchor().address,
      data,
      blobVersionedHashes: carried,
    };
    const call = carried.length > 0 ? request : { ...request, blobVersionedHashes: undefined };
    try {
      await l1.client.request({ method: "eth_call", params: [call as never, "latest"] });
      return "accepted";
    } catch (error) {
      const revert = (error as { walk: (test: (cause: unknown) => boolean) => { data?: unknown } | null }).walk(
        (cause) => typeof (cause as { data?: unknown }).data === "string",
      );
      if (revert == null) throw error;
      return decodeErrorResult({ abi: headerAnchorAbi, data: revert.data as Hex }).errorName;
    }
  }
  const hashes = (count: number): Hex[] =>
    Array.from({ length: count }, (_, i) => `0x01${`0${i + 1}`.repeat(31)}` as const);

  it.each<[string, readonly Hex[], readonly Hex[], string]>([
    ["none", [], [], "NoBlobs"],
    ["one", hashes(1), hashes(1), "accepted"],
    ["six", hashes(6), hashes(6), "accepted"],
    ["fewer than signed", hashes(2), hashes(1), "NotSequencer"],
    ["more than signed", hashes(1), hashes(2), "NotSequencer"],
    ["in another order", hashes(2), hashes(2).reverse(), "NotSequencer"],
    ["others", hashes(1), hashes(2).slice(1), "NotSequencer"],
  ])("%s", async (_, signed, carried, outcome) => {
    expect(await tried(signed, carried)).toBe(outcome);
  });
});

describe("where data go", () => {
  const fees = { baseFeeWei: 1_000_000_000n, blobBaseFeeWei: 1n };

  it("calldata: 4 gas a token, or 10 where the floor is above what headers cost", () => {
    // 100 zero bytes and 100 others: 500 tokens.
    const few = Uint8Array.from([...new Array(100).fill(0), ...new Array(100).fill(1)]);
    expect(calldataWei(few, 1, fees)).toBe(4n * 500n * fees.baseFeeWei);
    const many = new Uint8Array(90_000).fill(1);
    expect(calldataWei(many, 1, fees)).toBe((10n * 360_000n - 197_000n) * fees.baseFeeWei);
    expect(calldataWei(new Uint8Array(0), 1, fees)).toBe(0n);
  });

  it("blobs: whole ones, whatever they hold", () => {
    expect(blobsWei(new Uint8Array(0), fees)).toBe(131_072n);
    expect(blobsWei(new Uint8Array(126_972), fees)).toBe(131_072n);
    expect(blobsWei(new Uint8Array(126_973), { ...fees, blobBaseFeeWei: 7n })).toBe(7n * 262_144n);
  });

  // Last of this L1: its clock runs away from ours.
  it("are left alone once the oldest unclaimed block is ten days old", async () => {
    const sequencing = await sealing(1, 100);
    const after = (await lastBatch()).lastNumber;
    const oldest = sequencing.store.blocks.block(1n)!.header.timestamp;
    const { timestamp: now } = await l1.client.getBlock();
    const options = { privateKey, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "blobs" } as const;
    const posting = () => nextPosting(options, { client: l1.client, chain: sequencing.chain, kzg }, after);
    await l1.warp(Number(oldest + TEN_DAYS - now) - 60);
    expect((await posting())?.call.sidecar?.blobs).toHaveLength(1);
    await l1.warp(60);
    expect((await posting())?.call).not.toHaveProperty("sidecar");
  });
});
