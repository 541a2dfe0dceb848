// What a key has pending stands in the way of what it posts next, as L1's nodes keep blobs and other transactions apart.
import { decodeFunctionData, type Hex, keccak256, type PublicClient } from "viem";
import { beforeEach, describe, expect, test } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex, hexOf, naturalOf } from "../../../common/bytes.ts";
import { headerAnchorAbi } from "../../../common/contracts/header-anchor.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { decodeRlp, type RlpItem } from "../../../common/rlp.ts";
import { Anchor, type AnchorOptions } from "../../../l2-node/l1/anchor.ts";
import { CalldataPendingError } from "../../../l2-node/l1/errors.ts";
import type { Kzg } from "../../../l2-node/l1/kzg.ts";
import { nextPosting } from "../../../l2-node/l1/posting.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { EMPTY_SIDECAR } from "../../../l2-node/l1/sidecar.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

const privateKey = devAccount("sequencer").privateKey;
const GWEI = 10n ** 9n;
/** Nobody looks into the blobs here. */
const ONE_BLOB: Kzg = {
  commitments: async () => EMPTY_SIDECAR.commitments,
  withProofs: async () => EMPTY_SIDECAR,
  close: async () => {},
};

interface Pending {
  readonly kind: 2 | 3;
  /** Tip, fee per gas, fee per gas of blobs. */
  readonly fees: readonly bigint[];
  readonly calls: string;
}

/** An L1 node's pool of one key (geth: `txpool.ErrAlreadyReserved`, a tenth or twice as much), and contracts as the test says. */
class Pool {
  pending: Pending | undefined;
  blobBaseFeeWei = 1n;
  unclaimedSince = 0n;
  fallbackDueAfter = 2n ** 60n;
  /** Whether L1 mines what is pending. */
  mines: (pending: Pending) => boolean = () => false;
  readonly tried: string[] = [];
  #receipts = new Set<Hex>();
  readonly l1 = new MemoryL1();
  readonly file = {
    ...this.l1.chainFile(),
    sequencer: devAccount("sequencer").address.toLowerCase() as Hex,
  };
  readonly node = testNode(this.file);

  readonly client = {
    getTransactionCount: async () => this.#receipts.size,
    estimateGas: async () => 500_000n,
    request: async () => "0x7a120",
    getBlobBaseFee: async () => this.blobBaseFeeWei,
    estimateMaxPriorityFeePerGas: async () => 1_000_000n,
    getBlock: async () => {
      const fields = { ...HEADER, ...this.l1.head, baseFeePerGas: GWEI };
      return { ...fields, hash: keccak256(headerRlp(fields as never)) };
    },
    getTransactionReceipt: async ({ hash }: { hash: Hex }) => {
      if (!this.#receipts.has(hash)) throw new Error("not found");
      return { status: "success", transactionHash: hash, gasUsed: 1n };
    },
    sendRawTransaction: async ({ serializedTransaction }: { serializedTransaction: Hex }) =>
      this.#take(serializedTransaction),
    readContract: async ({ functionName }: { functionName: string }) => {
      if (functionName === "fallbackDueAfter") return this.fallbackDueAfter;
      if (functionName === "batchCount") return 1n;
      if (functionName === "lastPosted") return 0n;
      return { lastNumber: 0n, lastHash: this.node.store.blocks.block(0n)!.hash };
    },
  } as unknown as PublicClient;

  #take(raw: Hex): Hex {
    const bytes = bytesOfHex(raw);
    const kind = bytes[0] as 2 | 3;
    const decoded = decodeRlp(bytes.subarray(1)) as readonly RlpItem[];
    const fields = (kind === 3 ? decoded[0] : decoded) as readonly Uint8Array[];
    const fees = [fields[2], fields[3], ...(kind === 3 ? [fields[9]] : [])].map((fee) => naturalOf(fee as Uint8Array));
    const calls = decodeFunctionData({ abi: headerAnchorAbi, data: hexOf(fields[7] as Uint8Array) }).functionName;
    this.tried.push(`${kind} ${calls}`);
    const { pending } = this;
    if (pending && pending.kind !== kind) throw new Error("address already reserved");
    const [more, of] = kind === 3 ? [2n, 1n] : [11n, 10n];
    if (pending?.fees.some((fee, i) => fees[i]! * of < fee * more))
      throw new Error("replacement transaction underpriced");
    this.pending = { kind, fees, calls };
    if (this.mines(this.pending)) {
      const signed = kind === 3 ? hexOf(Uint8Array.of(3, ...encodedFirst(bytes.subarray(1)))) : raw;
      this.#receipts.add(keccak256(signed));
      this.pending = undefined;
    }
    return "0x";
  }
}
/** The first item of a list, encoded as it stands there. */
function encodedFirst(list: Uint8Array): Uint8Array {
  const start = 1 + (list[0]! - 0xf7);
  const size = list[start]! - 0xf7;
  const length = naturalOf(list.subarray(start + 1, start + 1 + size));
  return list.subarray(start, start + 1 + size + Number(length));
}

const zeros = (bytes: number): Hex => `0x${"00".repeat(bytes)}`;
/** Beside what a `MemoryL1` has of its headers. */
const HEADER = {
  ...{ sha3Uncles: zeros(32), miner: zeros(20), stateRoot: zeros(32), transactionsRoot: zeros(32) },
  ...{ receiptsRoot: zeros(32), logsBloom: zeros(256), difficulty: 0n, gasLimit: 0n, gasUsed: 0n, extraData: "0x" },
  nonce: zeros(8),
};

let pool: Pool;
beforeEach(async () => {
  pool = new Pool();
  const { l1, node } = pool;
  l1.mine([{ kind: 1, account: testAddress(0), amountWei: 10n ** 18n }]);
  follow(node.chain, l1);
  node.sequencer.seal();
  await node.mempool.add(bytesOfHex(await signRaw({ nonce: 0, data: `0x${"a7".repeat(3000)}`, gas: 1_000_000n })));
  node.sequencer.seal();
});

function anchorOf(data: AnchorOptions["data"] = "cheaper", bumpAfterMs = 30) {
  const { client, node } = pool;
  const sender = new L1Sender({ privateKey, l1ChainId: 1n, bumpAfterMs, pollMs: 5 }, { client });
  return new Anchor(
    { privateKey, intervalMs: 10, maxBatchBytes: 100_000, maxBatchHeaders: 100, data },
    { client, chain: node.chain, sender, kzg: ONE_BLOB, onTrouble: () => {}, onAnchored: () => {} },
  );
}

/** Blobs are pending that L1 does not mine, from a process that offered `times` what L1 asks. */
function leaveBlobs(times: bigint): void {
  const feeWei = 2n * GWEI + 1_000_000n;
  pool.pending = { kind: 3, fees: [times * 1_000_000n, times * feeWei, times * 2n], calls: "anchorBlobs" };
  pool.mines = ({ calls }) => calls !== "anchorBlobs";
}

describe("while blobs are pending", () => {
  test("that have become too dear, calldata take their place as soon as they outbid them", async () => {
    leaveBlobs(4n);
    pool.blobBaseFeeWei = 10n ** 12n;
    expect(await anchorOf("cheaper", 60_000).post()).toBe(2);
    expect(pool.tried).toEqual(["2 anchor", "3 anchor", "3 anchor", "3 anchor", "3 anchor"]);
  });

  test("calldata of blocks unclaimed for ten days do, where blobs are what is wanted", async () => {
    leaveBlobs(1n);
    const { timestamp } = pool.node.store.blocks.block(1n)!.header;
    const late = { ...pool.l1.head, timestamp: timestamp + 864_000n };
    pool.l1.headers.push(late);
    expect(await anchorOf("blobs").post()).toBe(2);
    expect(pool.tried).toEqual(["2 anchor", "3 anchor", "3 anchor"]);
  });
});

test("blobs that stay pending are looked at again, and the fallback block takes their place once it is due", async () => {
  pool.mines = ({ calls }) => calls !== "anchorBlobs";
  const anchor = anchorOf("blobs", 5);
  await expect(anchor.post()).rejects.toMatchObject({ code: "l1-pending" });
  expect(new Set(pool.tried)).toEqual(new Set(["3 anchorBlobs"]));
  pool.tried.length = 0;
  pool.fallbackDueAfter = 0n;
  expect(await anchor.post()).toBe(1);
  expect(pool.tried.at(-1)).toBe("3 anchorFallback");
});

test("while calldata are pending, blobs are refused once, and calldata take their place", async () => {
  pool.pending = { kind: 2, fees: [1n, 1n], calls: "anchor" };
  pool.mines = () => true;
  const anchor = anchorOf("blobs");
  await expect(anchor.post()).rejects.toBeInstanceOf(CalldataPendingError);
  expect(await anchor.post()).toBe(2);
  expect(await anchor.post()).toBe(2);
  expect(pool.tried).toEqual(["3 anchorBlobs", "2 anchor", "3 anchorBlobs"]);
});

test("an endpoint that knows no fee of blobs: calldata still works", async () => {
  const client = {
    ...pool.client,
    getBlobBaseFee: async () => {
      throw new Error("the method eth_blobBaseFee does not exist");
    },
  } as PublicClient;
  const options = { privateKey, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "cheaper" } as const;
  const posting = await nextPosting(options, { client, chain: pool.node.chain, kzg: ONE_BLOB }, 0n);
  expect(posting?.call.sidecar).toBeUndefined();
});
