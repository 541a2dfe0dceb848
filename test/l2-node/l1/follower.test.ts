import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  encodeAbiParameters,
  encodeEventTopics,
  formatBlock,
  type Hex,
  http,
  numberToHex,
  type PublicClient,
  type RpcBlock,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { inboxAbi } from "../../../common/contracts/inbox.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { encodeBody, nextInboxHash } from "../../../common/message.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { agreedOn } from "../../support/agreed.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_BLOBS, testNode } from "../../support/node.ts";
import { testAddress } from "../../support/transactions.ts";

let l1: TestL1;

beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

const node = () => testNode(l1.chain);
const follower = (
  chain: ReturnType<typeof node>["chain"],
  client: PublicClient = l1.client,
  reorgs: bigint[] = [],
  maxRangeBlocks = 50n,
  witnesses: PublicClient[] = [],
  maxStepBytes = 2 ** 23,
) =>
  new Follower(
    { pollMs: 10, maxRangeBlocks, maxBackoffMs: 100, maxStepBytes },
    {
      client,
      agreed: agreedOn(client, ...witnesses),
      blobs: NO_BLOBS,
      chain,
      onTrouble: (trouble) => {
        if ("reorgTo" in trouble) reorgs.push(trouble.reorgTo);
      },
    },
  );

async function deposit(n: number, valueWei: bigint): Promise<bigint> {
  const user = privateKeyToAccount(devAccount("user").privateKey);
  const wallet = createWalletClient({ account: user, transport: http(l1.url) });
  const address = l1.chain.contracts.prepaidGas;
  const call = {
    address,
    abi: prepaidGasAbi,
    functionName: "deposit",
    args: [testAddress(n)],
    value: valueWei,
  } as const;
  const hash = await wallet.writeContract({ ...call, chain: null });
  return (await l1.client.waitForTransactionReceipt({ hash })).blockNumber;
}

/** No block comes meanwhile: anvil proves the next block's state under the last one's number while it changes over. */
async function catchUp(reader: Follower): Promise<void> {
  await l1.hold();
  try {
    while (!(await reader.poll()));
  } finally {
    await l1.resume();
  }
}

/** A client whose answers to one method are changed. */
const lying = (method: string, lie: (answer: never) => unknown): PublicClient => lyingAbout({ [method]: lie });

/** A client whose answers to some methods are changed. */
const lyingAbout = (lies: Readonly<Record<string, (answer: never) => unknown>>): PublicClient =>
  createPublicClient({
    cacheTime: 0,
    transport: custom(
      {
        request: async (args: { method: string }) => {
          const answer = await l1.client.request(args as never);
          const lie = lies[args.method];
          return lie ? lie(answer as never) : answer;
        },
      },
      { retryCount: 0 },
    ),
  });

describe("Follower", () => {
  it("refuses an L1 that is another chain, or whose genesis block is another", async () => {
    const { chain } = node();
    const elsewhere = { ...l1.chain, l1ChainId: 1n };
    await expect(follower(testNode(elsewhere).chain).poll()).rejects.toThrowError(/another chain's/);
    const { header } = l1.chain.genesis;
    const origin = { ...header.origin, hash: `0x${"12".repeat(32)}` as Hex };
    const forked = { ...l1.chain, genesis: { ...l1.chain.genesis, header: { ...header, origin } } };
    await expect(follower(testNode(forked).chain).poll()).rejects.toThrowError(/not the one genesis stands on/);
    expect(chain.store.l1.cursor()).toBeUndefined();
  });

  it("credits each deposit once, and reads the same again on a store of its own", async () => {
    await deposit(0, 5n);
    await deposit(0, 7n);
    const [a, b] = [node(), node()];
    await catchUp(follower(a.chain));
    await catchUp(follower(a.chain));
    await catchUp(follower(b.chain));
    for (const { chain, sequencer, store } of [a, b]) {
      expect(chain.store.l1.inbox().count).toBe(2n);
      sequencer.seal();
      expect(store.blocks.account(testAddress(0)).prepaidWei).toBe(12n);
    }
  });

  it("stores nothing of an answer with a message missing, changed, or reordered, and recovers when the truth comes", async () => {
    await deposit(1, 1n);
    const { chain } = node();
    const lies: ((logs: { data: Hex }[]) => unknown)[] = [
      () => [],
      (logs) => logs.slice(0, -1),
      (logs) => logs.slice(1),
      (logs) => [...logs].reverse(),
      // The last digit of the amount: words are offset, hash, length, account, amount.
      (logs) => logs.map((log) => ({ ...log, data: `${log.data.slice(0, 321)}9${log.data.slice(322)}` as Hex })),
    ];
    for (const lie of lies) {
      const reader = follower(chain, lying("eth_getLogs", lie), [], 100_000n);
      await expect(catchUp(reader)).rejects.toThrowError(/message|Inbox/);
      expect(chain.store.l1.inbox().count).toBe(0n);
    }
    await catchUp(follower(chain));
    expect(chain.store.l1.inbox().count).toBe(3n);
  });

  it("refuses an L1 header with a field that its hash does not cover", async () => {
    for (const field of ["baseFeePerGas", "mixHash", "timestamp"]) {
      const lie = (block: Record<string, string>) => {
        const digits = block[field] as string;
        return { ...block, [field]: `${digits.slice(0, -1)}${digits.endsWith("a") ? "b" : "a"}` };
      };
      const reader = follower(node().chain, lying("eth_getBlockByNumber", lie));
      await expect(reader.poll()).rejects.toThrowError(/not what its hash says/);
    }
  });

  it("believes no deposit that is not in L1's state, however well logs and calls are made up", async () => {
    await deposit(3, 1n);
    const { chain } = node();
    await catchUp(follower(chain));
    const { count, hash } = chain.store.l1.inbox();
    const body = encodeBody({ kind: 1, account: testAddress(3), amountWei: 10n ** 18n });
    const invented = { count: count + 1n, hash: nextInboxHash(hash, 1, body) };
    await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 1 });
    const head = await l1.client.getBlock();
    const log = {
      address: l1.chain.contracts.inbox,
      topics: encodeEventTopics({ abi: inboxAbi, eventName: "MessageQueued", args: { index: count, kind: 1 } }),
      data: encodeAbiParameters([{ type: "bytes" }, { type: "bytes32" }], [body, invented.hash]),
      ...{ blockNumber: numberToHex(head.number), blockHash: head.hash, transactionHash: head.hash },
      ...{ transactionIndex: "0x0", logIndex: "0x0", removed: false },
    };
    const word = (value: bigint) => numberToHex(value, { size: 32 }).slice(2);
    const lies: Record<string, (answer: never) => unknown> = {
      eth_getLogs: () => [log],
      eth_call: () => `0x${word(head.number)}${word(head.timestamp)}${word(invented.count)}${invented.hash.slice(2)}`,
      // The words it would have to prove.
      eth_getProof: (proof: { storageProof: { value: Hex }[] }) => ({
        ...proof,
        storageProof: proof.storageProof.map((one) => ({ ...one, value: invented.hash })),
      }),
    };
    const client = lyingAbout(lies);
    await expect(catchUp(follower(chain, client, [], 100_000n))).rejects.toThrowError(/not the ones it has/);
    expect(chain.store.l1.inbox()).toEqual({ count, hash });
  });

  it("refuses a proof whose nodes are changed, missing, or another contract's", async () => {
    await deposit(4, 1n);
    type Answer = { accountProof: Hex[]; storageProof: { key: Hex; proof: Hex[] }[] };
    const changed = (nodes: Hex[]) =>
      nodes.map((one, i) => (i === 0 ? (`${one.slice(0, -1)}${one.endsWith("1") ? 2 : 1}` as Hex) : one));
    const lies: ((answer: Answer) => unknown)[] = [
      (answer) => ({ ...answer, accountProof: changed(answer.accountProof) }),
      (answer) => ({ ...answer, accountProof: answer.accountProof.slice(0, -1) }),
      (answer) => ({
        ...answer,
        storageProof: answer.storageProof.map((one) => ({ ...one, proof: changed(one.proof) })),
      }),
      (answer) => ({
        ...answer,
        storageProof: answer.storageProof.map((one) => ({ ...one, proof: one.proof.slice(1) })),
      }),
      (answer) => ({ ...answer, storageProof: [] }),
    ];
    for (const lie of lies) {
      const reader = follower(
        node().chain,
        lyingAbout({ eth_getProof: lie as (answer: never) => unknown }),
        [],
        100_000n,
      );
      await expect(catchUp(reader), `${lie}`).rejects.toThrowError(/not in it|other slots/);
    }
  });

  it.each([
    [3, true],
    [4, false],
  ])("asks an endpoint again that was between two blocks: %i times in a row", async (times, isPatient) => {
    await deposit(8, 1n);
    let left = 2 * times; // the Inbox's slots and the HeaderAnchor's are asked for at once
    const client = lyingAbout({
      eth_getProof: (answer: { accountProof: Hex[] }) =>
        left-- > 0 ? { ...answer, accountProof: answer.accountProof.slice(0, -1) } : answer,
    });
    const { chain } = node();
    const reading = catchUp(follower(chain, client, [], 100_000n));
    if (isPatient) {
      await reading;
      expect(chain.store.l1.inbox().count).toBeGreaterThan(0n);
    } else await expect(reading).rejects.toThrowError(/not in it/);
  });

  it("reads nothing that a second endpoint does not have, and says where two disagree", async () => {
    await deposit(5, 1n);
    const { chain } = node();
    const behind = (await l1.client.getBlockNumber()) - 5n;
    const last = await l1.client.request({ method: "eth_getBlockByNumber", params: [numberToHex(behind), false] });
    const slow = lyingAbout({
      eth_getBlockByNumber: (block: RpcBlock) => (block.number === numberToHex(behind) ? block : last),
    });
    await catchUp(follower(chain, l1.client, [], 100_000n, [slow]));
    expect(chain.store.l1.cursor()?.number).toBe(behind);

    const older = lyingAbout({});
    const forked = lyingAbout({
      eth_getBlockByNumber: (block: RpcBlock) => {
        const forged = { ...block, extraData: "0x01" } as const;
        return { ...forged, hash: keccakHex(headerRlp(formatBlock(forged))) };
      },
    });
    const disagreeing = follower(chain, l1.client, [], 100_000n, [older, forked]);
    await expect(catchUp(disagreeing)).rejects.toMatchObject({ code: "l1-endpoints-disagree" });
    expect(chain.store.l1.cursor()?.number).toBe(behind);
    await catchUp(follower(chain, l1.client, [], 100_000n, [older]));
    expect(chain.store.l1.cursor()?.number).toBeGreaterThan(behind);
  });

  it("goes back through an L1 reorg of 3 blocks: the deposit in them is gone, the one before stays, the next counts once", async () => {
    const before = await deposit(2, 100n);
    const { chain, sequencer, store } = node();
    const reorgs: bigint[] = [];
    const reader = follower(chain, l1.client, reorgs);
    await catchUp(reader);
    sequencer.seal();
    const count = chain.store.l1.inbox().count;
    const test = createTestClient({ mode: "anvil", transport: http(l1.url) });
    await l1.hold();
    await test.mine({ blocks: 3 });
    const wallet = createWalletClient({
      account: privateKeyToAccount(devAccount("user").privateKey),
      transport: http(l1.url),
    });
    const address = l1.chain.contracts.prepaidGas;
    await wallet.writeContract({
      address,
      abi: prepaidGasAbi,
      functionName: "deposit",
      args: [testAddress(2)],
      value: 1n,
      chain: null,
    });
    await test.mine({ blocks: 2 });
    await catchUp(reader);
    sequencer.seal();
    expect(chain.store.l1.inbox().count).toBe(count + 1n);
    expect(store.blocks.account(testAddress(2)).prepaidWei).toBe(101n);

    await l1.client.request({ method: "anvil_reorg", params: [3, []] } as never);
    await test.mine({ blocks: 1 });
    await catchUp(reader);
    expect(reorgs.length).toBe(1);
    expect((reorgs[0] as bigint) >= before).toBe(true);
    expect(chain.store.l1.inbox().count).toBe(count);
    expect(store.blocks.account(testAddress(2)).prepaidWei).toBe(100n);
    await l1.resume();
  });

  it("reads no more at once than it may hold, but no less than an L1 block's", async () => {
    for (const n of [6, 7]) {
      await deposit(n, 1n);
      await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 1, interval: 2 });
    }
    const whole = node();
    await catchUp(follower(whole.chain, l1.client, [], 100_000n));
    const { chain } = node();
    const reader = follower(chain, l1.client, [], 100_000n, [], 1);
    const steps: bigint[][] = [];
    await l1.hold();
    for (let isAtHead = false, next = 0n; !isAtHead; ) {
      isAtHead = await reader.poll();
      const { count } = chain.store.l1.inbox();
      if (count > next) steps.push([]);
      for (; next < count; next++) steps.at(-1)!.push(chain.store.l1.rawMessage(next)!.l1Block);
    }
    await l1.resume();
    expect(chain.store.l1.inbox()).toEqual(whole.chain.store.l1.inbox());
    expect(steps.length).toBeGreaterThan(1);
    // Blocks of one second are read together.
    for (const blocks of steps) {
      const times = await Promise.all(
        blocks.map(async (blockNumber) => (await l1.client.getBlock({ blockNumber })).timestamp),
      );
      expect(new Set(times).size).toBe(1);
    }
  });

  it("survives an endpoint that refuses for a while", async () => {
    let refusals = 5;
    const client = lying("eth_getBlockByNumber", (answer) => {
      if (refusals-- > 0) throw new Error("429 too many requests");
      return answer;
    });
    const { chain } = node();
    const reader = follower(chain, client);
    reader.start((error) => {
      throw error;
    });
    await new Promise<void>((resolve) => chain.events.on("l1", () => chain.store.l1.inbox().count > 0n && resolve()));
    await reader.stop();
    expect(refusals).toBeLessThan(0);
  });
});
