// A posting that is pending as blobs, and L1 (as geth) takes no other kind of transaction of that account meanwhile.
import type { PublicClient } from "viem";
import { expect, test } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { openKzg } from "../../../l2-node/l1/kzg.ts";
import { nextPosting } from "../../../l2-node/l1/posting.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";

const privateKey = devAccount("sequencer").privateKey;

test("blob fees rise while blobs are pending, and one answer of L1 fails", async () => {
  const memory = new MemoryL1();
  const base = memory.chainFile();
  const file = {
    ...base,
    sequencer: devAccount("sequencer").address.toLowerCase() as `0x${string}`,
    clocks: { ...base.clocks, inclusionWindowSeconds: 1e9 },
  };
  const node = testNode(file);
  memory.mine([{ kind: 1, account: testAddress(0), amountWei: 10n ** 18n }]);
  follow(node.chain, memory);
  node.sequencer.seal();
  await node.mempool.add(bytesOfHex(await signRaw({ nonce: 0, data: `0x${"a7".repeat(3000)}`, gas: 1_000_000n })));
  node.sequencer.seal();
  // L1's pool: one kind of transaction per account at a time (geth: txpool.ErrAlreadyReserved).
  let pending: string | undefined;
  let blobBaseFeeWei = 1n;
  let failNext = false;
  const submitted: string[] = [];
  const client = {
    getTransactionCount: async () => {
      if (failNext) {
        failNext = false;
        throw new Error("502 bad gateway");
      }
      return 0;
    },
    estimateGas: async () => 500_000n,
    request: async () => "0x7a120",
    getBlobBaseFee: async () => blobBaseFeeWei,
    estimateMaxPriorityFeePerGas: async () => 1_000_000n,
    getBlock: async () => ({ timestamp: memory.head.timestamp, baseFeePerGas: 1_000_000_000n }),
    getTransactionReceipt: async () => {
      if (submitted.length === 1) failNext = true;
      throw new Error("none");
    },
    sendRawTransaction: async ({ serializedTransaction }: { serializedTransaction: string }) => {
      const kind = serializedTransaction.slice(0, 4);
      submitted.push(kind);
      if (pending !== undefined && pending !== kind) throw new Error("address already reserved");
      pending = kind;
      return "0x";
    },
    readContract: async ({ functionName }: { functionName: string }) => {
      if (functionName === "fallbackDueAfter") return 2n ** 60n;
      if (functionName === "batchCount") return 1n;
      if (functionName === "lastPosted") return 0n;
      return { lastNumber: 0n, lastHash: node.store.blocks.block(0n)!.hash };
    },
  } as unknown as PublicClient;
  const kzg = openKzg();
  const sender = new L1Sender({ privateKey, l1ChainId: 1n, bumpAfterMs: 50, pollMs: 5 }, { client });
  const anchor = new Anchor(
    { privateKey, intervalMs: 10, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "cheaper" },
    { client, chain: node.chain, sender, kzg, onTrouble: () => {}, onAnchored: () => {} },
  );
  await expect(anchor.post()).rejects.toThrow("502");
  expect(submitted).toEqual(["0x03"]);
  blobBaseFeeWei = 10n ** 15n; // what was offered is too little now: the blobs stay pending
  await expect(anchor.post()).rejects.toThrow("already reserved");
  const third = anchor.post().catch((error: Error) => error.message);
  await until(() => submitted[2]);
  expect(submitted).toEqual(["0x03", "0x02", "0x03"]); // outbid with blobs, or nothing is anchored while they wait
  await anchor.stop();
  expect(await third).toMatch(/stopped/);
  await kzg.close();
});

test("an endpoint that knows no fee of blobs: calldata still works", async () => {
  const memory = new MemoryL1();
  const base = memory.chainFile();
  const file = { ...base, sequencer: devAccount("sequencer").address.toLowerCase() as `0x${string}` };
  const node = testNode(file);
  memory.mine([{ kind: 1, account: testAddress(0), amountWei: 10n ** 18n }]);
  follow(node.chain, memory);
  node.sequencer.seal();
  const client = {
    getBlobBaseFee: async () => {
      throw new Error("the method eth_blobBaseFee does not exist");
    },
    getBlock: async () => ({ timestamp: memory.head.timestamp, baseFeePerGas: 1_000_000_000n }),
    readContract: async () => 0n,
  } as unknown as PublicClient;
  const options = { privateKey, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "cheaper" } as const;
  const posting = await nextPosting(
    options,
    {
      client,
      chain: node.chain,
      kzg: {
        commitments: async () => [],
        withProofs: async () => {
          throw new Error("no thread");
        },
        close: async () => {},
      },
    },
    0n,
  );
  expect(posting?.call.sidecar).toBeUndefined();
});
