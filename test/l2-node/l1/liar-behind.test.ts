// A node that is far behind, or reads batches in blobs, and whose first L1 endpoint lies.
import { createTestClient, http, numberToHex, type RpcBlock } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { headerAnchorAbi } from "../../../common/contracts/header-anchor.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { openBlobSource } from "../../../l2-node/l1/blob-source.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { openKzg } from "../../../l2-node/l1/kzg.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { agreedOn } from "../../support/agreed.ts";
import { catchUpWith } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { testNode } from "../../support/node.ts";
import { prepay } from "../../support/prepay.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";
import { endpointsOf, type Lies } from "./liar-rig.ts";

const { privateKey } = devAccount("sequencer");
const kzg = openKzg();
let l1: TestL1;
/** L1 block of the batch. */
let batchBlock: bigint;
beforeAll(async () => {
  l1 = await startL1();
  const { chain, sequencer, mempool } = testNode(l1.chain);
  await prepay(l1, 0);
  const options = { pollMs: 10, maxRangeBlocks: 1000n, maxBackoffMs: 100 };
  const blobs = openBlobSource({ urls: [l1.url], timeoutMs: 10_000 }, { kzg });
  const modules = { client: l1.client, agreed: agreedOn(l1.client), blobs, chain, onTrouble: () => {} };
  await catchUpWith(new Follower(options, modules));
  sequencer.seal();
  await mempool.add(bytesOfHex(await signRaw({ nonce: 0, chainId: 42n, gas: 500_000n })));
  sequencer.seal();
  const sender = new L1Sender(
    { privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 },
    { client: l1.client },
  );
  const anchor = new Anchor(
    { privateKey, intervalMs: 20, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "blobs" },
    { client: l1.client, chain, sender, kzg, onTrouble: () => {}, onAnchored: () => {} },
  );
  expect(await anchor.post()).toBe(2);
  const [log] = await l1.client.getContractEvents({
    address: l1.chain.contracts.headerAnchor,
    abi: headerAnchorAbi,
    eventName: "BatchAnchored",
    args: { batch: 1n },
    fromBlock: 0n,
  });
  batchBlock = log!.blockNumber;
  await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 60, interval: 2 });
});
afterAll(async () => {
  l1?.stop();
  await kzg.close();
});

/** As a node has them: of three endpoints the first lies, and who differs is outvoted at once. Reads on, whatever a look throws, a few times. */
async function nonceReadBeside(lies: Lies, maxRangeBlocks: bigint): Promise<{ nonce: bigint; errors: string[] }> {
  const { agreed, client, endpoints } = endpointsOf(l1, lies, 2, 0);
  const { chain, store } = testNode(l1.chain);
  const follower = new Follower(
    { pollMs: 10, maxRangeBlocks, maxBackoffMs: 100 },
    {
      client,
      agreed,
      suspect: (error) => endpoints.leaveOut(endpoints.usable()[0]!, error),
      blobs: openBlobSource({ urls: [l1.url], timeoutMs: 10_000 }, { kzg }),
      chain,
      onTrouble: () => {},
    },
  );
  const errors: string[] = [];
  const nonce = () => store.blocks.account(testAddress(0)).nonce;
  await l1.hold();
  try {
    for (let look = 0; look < 40 && nonce() === 0n && errors.length < 10; look++)
      await follower.poll().catch((error) => errors.push(String(error.shortMessage ?? error.message)));
  } finally {
    await l1.resume();
  }
  return { nonce: nonce(), errors };
}

it("nobody lies: the node reads the batch", async () => {
  expect((await nonceReadBeside({}, 20n)).nonce).toBe(1n);
});

it("a contract's answer that is none keeps a node that is behind from nothing", async () => {
  const { nonce, errors } = await nonceReadBeside({ eth_call: () => "0x" }, 20n);
  expect(nonce, errors.join("\n")).toBe(1n);
});

it("another block in the place of a batch's keeps its blobs from nobody", async () => {
  const before = await l1.client.request({
    method: "eth_getBlockByNumber",
    params: [numberToHex(batchBlock - 1n), false],
  });
  const { nonce, errors } = await nonceReadBeside(
    { eth_getBlockByNumber: (block: RpcBlock, [at]) => (at === numberToHex(batchBlock) ? before : block) },
    1000n,
  );
  expect(nonce, errors.join("\n")).toBe(1n);
});

it("no block in the place of a batch's keeps its blobs from nobody", async () => {
  const { nonce, errors } = await nonceReadBeside(
    { eth_getBlockByNumber: (block: RpcBlock, [at]) => (at === numberToHex(batchBlock) ? null : block) },
    1000n,
  );
  expect(nonce, errors.join("\n")).toBe(1n);
});
