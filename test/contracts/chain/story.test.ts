// The chain's contracts on a real L1, driven by the encodings of common/: what TypeScript says, Solidity takes.
import {
  type Abi,
  type BaseError,
  ContractFunctionRevertedError,
  createTestClient,
  createWalletClient,
  type Hex,
  http,
  parseEther,
  parseEventLogs,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedBy, transfer, walletsOf } from "../../../cli/bench/transactions.ts";
import { devAccount, type Role } from "../../../cli/stack/accounts.ts";
import { anchoredBatchDigest } from "../../../common/anchored-batch.ts";
import { batchDataRoot, encodeBatch } from "../../../common/batch.ts";
import { hexOf } from "../../../common/bytes.ts";
import { bridgeAbi } from "../../../common/contracts/bridge.ts";
import { headerAnchorAbi } from "../../../common/contracts/header-anchor.ts";
import { inboxAbi } from "../../../common/contracts/inbox.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { stateClaimsAbi } from "../../../common/contracts/state-claims.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { encodeHeader, type Header, hashHeader, mixHashOf } from "../../../common/header.ts";
import { hashPair } from "../../../common/merkle.ts";
import { decodeMessage, encodeBody, firstInboxHash, nextInboxHash } from "../../../common/message.ts";
import { signDigest } from "../../../common/signature.ts";
import { outboxProof, withdrawalLeaf } from "../../../l2-node/execution/outbox.ts";
import { expectSnapshot } from "../../support/gas-snapshot.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { seededRandom } from "../../support/random.ts";

let l1: TestL1;
const gas: Record<string, number> = {};
const user = devAccount("user").address;

beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

interface Call {
  readonly address: Hex;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly value?: bigint;
}

/** Sends and waits; its gas goes into the snapshot under `action`. */
async function send(role: Role, action: string | undefined, call: Call) {
  const account = privateKeyToAccount(devAccount(role).privateKey);
  const wallet = createWalletClient({ account, transport: http(l1.url) });
  const { request } = await l1.client.simulateContract({ ...call, account });
  const hash = await wallet.writeContract({ ...request, chain: null });
  const receipt = await l1.client.waitForTransactionReceipt({ hash });
  expect(receipt.status).toBe("success");
  if (action !== undefined) gas[action] = Number(receipt.gasUsed);
  return receipt;
}

/** Name of the error a call reverts with. */
async function errorOf(role: Role, call: Call): Promise<string> {
  try {
    await l1.client.simulateContract({ ...call, account: devAccount(role).address });
    return "none";
  } catch (error) {
    const reverted = (error as BaseError).walk((cause) => cause instanceof ContractFunctionRevertedError);
    return (reverted as ContractFunctionRevertedError).data?.errorName ?? "no data";
  }
}

const deposit = (value: bigint): Call => ({
  address: l1.chain.contracts.prepaidGas,
  abi: prepaidGasAbi,
  functionName: "deposit",
  args: [user],
  value,
});
const bridgeIn = (value: bigint): Call => ({
  address: l1.chain.contracts.bridge,
  abi: bridgeAbi,
  functionName: "depositEth",
  args: [user],
  value,
});

/** The L1 block that is the latest now, and a past one when this returns. */
async function pastOrigin(): Promise<bigint> {
  const origin = await l1.client.getBlockNumber();
  await mine(1);
  return origin;
}
const mine = (blocks: number) => createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks });

/** `count` headers on the last one, all with the Inbox as it stood at `origin`. */
async function seal(last: Header, count: number, originNumber: bigint): Promise<Header[]> {
  const origin = await l1.client.getBlock({ blockNumber: originNumber });
  const checkpoint = await l1.client.readContract({
    address: l1.chain.contracts.inbox,
    abi: inboxAbi,
    functionName: "checkpointAt",
    args: [originNumber],
  });
  const headers: Header[] = [];
  for (let parent = last; headers.length < count; parent = headers.at(-1) as Header)
    headers.push({
      ...last,
      parentHash: hashHeader(parent),
      number: parent.number + 1n,
      timestamp: origin.timestamp,
      origin: { number: originNumber, hash: origin.hash, inboxCount: checkpoint.count, inboxHash: checkpoint.hash },
      mixHash: mixHashOf(origin.mixHash, parent.number + 1n),
    });
  return headers;
}

function anchoring(headers: readonly Header[], data: Uint8Array): Call {
  const { l1ChainId, l2ChainId, contracts } = l1.chain;
  const last = headers.at(-1) as Header;
  const digest = anchoredBatchDigest(
    { l1ChainId, l2ChainId, headerAnchor: contracts.headerAnchor },
    {
      firstNumber: (headers[0] as Header).number,
      lastNumber: last.number,
      lastHash: hashHeader(last),
      dataRoot: batchDataRoot(data),
    },
  );
  return {
    address: contracts.headerAnchor,
    abi: headerAnchorAbi,
    functionName: "anchor",
    args: [
      headers.map((header) => hexOf(encodeHeader(header))),
      signDigest(digest, devAccount("sequencer").privateKey),
      hexOf(data),
    ],
  };
}

describe("a chain on L1", () => {
  let head: Header;

  it("queues deposits whose hashes the node computes", async () => {
    const receipts = [
      await send("user", "deposit-prepaid-gas", deposit(parseEther("1"))),
      await send("user", "deposit-eth", bridgeIn(parseEther("5"))),
    ];
    let hash = firstInboxHash(l1.chain.l2ChainId, l1.chain.contracts.inbox);
    const queued = receipts.flatMap(({ logs }) => parseEventLogs({ abi: inboxAbi, eventName: "MessageQueued", logs }));
    expect(queued.map(({ args }) => args.index)).toEqual([0n, 1n]);
    for (const { args } of queued) {
      hash = nextInboxHash(hash, args.kind, args.body);
      expect(args.hash).toBe(hash);
      expect(encodeBody(decodeMessage(args.kind, args.body))).toBe(args.body);
    }
    expect(
      await l1.client.readContract({ address: l1.chain.contracts.inbox, abi: inboxAbi, functionName: "hash" }),
    ).toBe(hash);
    expect(await l1.client.getBalance({ address: l1.chain.contracts.bridge })).toBe(parseEther("6"));
  });

  it("anchors sealed headers with their data, whoever brings them", async () => {
    head = l1.chain.genesis.header;
    const one = await seal(head, 1, await pastOrigin());
    expect(one[0]?.origin.inboxCount).toBe(2n);
    await send("relayer", "anchor-1-header", anchoring(one, encodeBatch([[]])));
    expect(await errorOf("relayer", anchoring(one, encodeBatch([[]])))).toBe("NotChild");

    head = one[0] as Header;
    const ten = await seal(head, 10, await pastOrigin());
    const random = seededRandom(3);
    const data = encodeBatch(ten.map(() => [random.bytes(1000)]));
    await send("relayer", "anchor-10-headers-10-kb", anchoring(ten, data));
    head = ten.at(-1) as Header;
    const batch = await l1.client.readContract({
      address: l1.chain.contracts.headerAnchor,
      abi: headerAnchorAbi,
      functionName: "batch",
      args: [2n],
    });
    expect(batch).toMatchObject({ firstNumber: 2n, lastNumber: 11n, lastHash: hashHeader(head), inboxCount: 2n });
  });

  it("anchors a block full of transfers, and empty blocks", async () => {
    const full = await seal(head, 1, await pastOrigin());
    const transfers = signedBy(l1.chain.l2ChainId, walletsOf(50), 10, transfer).map(({ raw }) => raw);
    await send("relayer", "anchor-1-header-500-transfers", anchoring(full, encodeBatch([transfers])));
    const empty = await seal(full[0] as Header, 10, await pastOrigin());
    await send("relayer", "anchor-10-headers", anchoring(empty, encodeBatch(empty.map(() => []))));
    head = empty.at(-1) as Header;
  });

  it("knows origins beyond the 256 blocks of BLOCKHASH (EIP-2935)", async () => {
    const origin = await pastOrigin();
    await mine(300);
    const next = await seal(head, 1, origin);
    await send("relayer", undefined, anchoring(next, encodeBatch([[]])));
    head = next[0] as Header;
  });

  it("pays a withdrawal once, after its state is settled", async () => {
    const { bridge, stateClaims } = l1.chain.contracts;
    const withdrawals = [3n, 4n].map((amountWei, index) => ({
      index: BigInt(index),
      from: user,
      to: `0x${"c0ffee".padStart(40, "0")}` as Hex,
      amountWei: parseEther("1") * amountWei,
    }));
    const leaves = withdrawals.map((withdrawal) => withdrawalLeaf({ ...withdrawal, l2ChainId: l1.chain.l2ChainId }));
    const outboxRoot = outboxProof(leaves, 0).reduce((node, sibling) => hashPair(node, sibling), leaves[0] as Hex);
    const { number } = head;
    const post: Call = {
      address: stateClaims,
      abi: stateClaimsAbi,
      functionName: "post",
      args: [
        {
          number,
          headerHash: hashHeader(head),
          stateRoot: ZERO_HASH,
          outboxRoot,
          creditsRoot: ZERO_HASH,
          blocksRoot: ZERO_HASH,
          accountantFeesWei: 0n,
        },
      ],
    };
    const settle: Call = { address: stateClaims, abi: stateClaimsAbi, functionName: "settle", args: [number] };
    const finalize: Call = {
      address: bridge,
      abi: bridgeAbi,
      functionName: "finalizeWithdrawal",
      args: [number, withdrawals[0], outboxProof(leaves, 0)],
    };
    expect(await errorOf("user", post)).toBe("OnlyPoster");
    await send("accountant", "post-state-claim", post);
    expect(await errorOf("user", settle)).toBe("WindowOpen");
    expect(await errorOf("user", finalize)).toBe("NotSettled");
    await l1.warp(l1.chain.clocks.stateWindowSeconds + 1);
    await send("user", "settle-state-claim", settle);
    await send("user", "finalize-withdrawal", finalize);
    expect(await l1.client.getBalance({ address: withdrawals[0]?.to as Hex })).toBe(parseEther("3"));
    expect(await errorOf("user", finalize)).toBe("AlreadyPaid");
    // 6 ether came in and 3 went out: the second withdrawal asks for more than the L2 can ever have burned.
    const second = { ...finalize, args: [number, withdrawals[1], outboxProof(leaves, 1)] };
    expect(await errorOf("user", second)).toBe("PayoutFailed");
  });

  it("costs what git says", () => {
    expectSnapshot("gas-chain", gas, 0.01);
  });
});
