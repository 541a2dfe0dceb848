import { beforeEach, describe, expect, it } from "vitest";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { AnhError } from "../../../common/errors.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { requireNotForL1 } from "../../../l2-node/sequencer/l1-address.ts";
import { PoolError } from "../../../l2-node/sequencer/pool-error.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { type SignFields, signRaw, testAddress } from "../../support/transactions.ts";

const GWEI = 10n ** 9n;
// 100,000 gas at 1 gwei tip and 10⁶ wei base fee.
const COST = 100_000n * (GWEI + 1_000_000n);

let l1: MemoryL1;
let node: ReturnType<typeof testNode>;

beforeEach(() => {
  l1 = new MemoryL1();
  node = testNode(l1.chainFile(), ":memory:", { maxTransactions: 4, maxPerAccount: 3 });
});

function fund(wei: bigint, ...accounts: number[]): void {
  l1.mine(accounts.map((n) => ({ kind: 1 as const, account: testAddress(n), amountWei: wei })));
  follow(node.chain, l1);
  node.sequencer.seal();
}

const send = async (fields: SignFields) => node.mempool.add(bytesOfHex(await signRaw(fields)));
const refusal = async (fields: SignFields): Promise<string> => {
  try {
    await send(fields);
    return "accepted";
  } catch (error) {
    if (!(error instanceof AnhError)) throw error;
    return error.message;
  }
};

describe("Mempool", () => {
  it("keeps a transaction's own bytes, not the pool of buffers that they came in", async () => {
    fund(2n * COST, 0);
    const raw = Buffer.from((await signRaw({})).slice(2), "hex");
    expect(raw.buffer.byteLength).toBeGreaterThan(raw.length);
    await node.mempool.add(raw);
    const [kept] = node.sequencer.seal()!.transactions;
    expect(kept!.raw).toEqual(new Uint8Array(raw));
    expect(kept!.raw.buffer.byteLength).toBe(raw.length);
  });

  it("refuses in the words that libraries match", async () => {
    fund(2n * COST, 0);
    expect(await refusal({ key: 1 })).toMatch(/^insufficient funds for gas \* price \+ value/);
    expect(await refusal({ maxFeePerGas: 999_999n, maxPriorityFeePerGas: 0n })).toMatch(
      /^max fee per gas less than block base fee/,
    );
    expect(await refusal({ gas: 20_999n })).toMatch(/^intrinsic gas too low/);
    expect(await refusal({ gas: 2n ** 24n + 1n })).toMatch(/^transaction gas limit too high/);
    expect(await refusal({})).toBe("accepted");
    expect(await refusal({})).toBe("already known");
    expect(await refusal({ maxFeePerGas: 10n * GWEI + 1n })).toBe("replacement transaction underpriced");
    node.sequencer.seal();
    expect(await refusal({})).toMatch(/^nonce too low: next nonce 1, tx nonce 0/);
    await expect(send({})).rejects.toMatchObject({ hint: expect.stringContaining("`pending`") });
  });

  it("refuses what was meant for a contract of L1, by its name, unless L2 has code at that address", async () => {
    const chain = l1.chainFile();
    for (const [name, to] of Object.entries(chain.contracts)) {
      const error = await send({ to, value: 1n }).catch((thrown) => thrown);
      expect(error).toMatchObject({
        code: "for-l1",
        expected: `chain ${chain.l1ChainId}`,
        hint: expect.stringMatching(/L1's URL/),
      });
      expect(error.message.toLowerCase()).toContain(`${to} is the contract ${name.toLowerCase()} of l1`);
    }
    const { bridge } = chain.contracts;
    const code = { ...chain, genesis: { ...chain.genesis, alloc: { [bridge]: { code: "0x00" } } } } as const;
    expect(() => requireNotForL1({ to: bridge }, code, undefined)).not.toThrow();
    expect(() => requireNotForL1({ to: bridge }, chain, (address) => address === bridge)).not.toThrow();
    expect(() => requireNotForL1({ to: bridge }, chain, () => false)).toThrow(PoolError);
    expect(() => requireNotForL1({ to: null }, chain, undefined)).not.toThrow();
    expect(() => requireNotForL1({ to: testAddress(1) }, chain, undefined)).not.toThrow();
  });

  it("replaces at 10 % more of both fees, not a wei less", async () => {
    fund(10n * COST, 0);
    const first = await send({ maxFeePerGas: 10n * GWEI, maxPriorityFeePerGas: GWEI });
    const bump = (fee: bigint, tip: bigint) => refusal({ maxFeePerGas: fee, maxPriorityFeePerGas: tip });
    expect(await bump(11n * GWEI, (11n * GWEI) / 10n - 1n)).toBe("replacement transaction underpriced");
    expect(await bump(11n * GWEI - 1n, 2n * GWEI)).toBe("replacement transaction underpriced");
    expect(await bump(11n * GWEI, (11n * GWEI) / 10n)).toBe("accepted");
    expect([node.mempool.size, node.mempool.get(first)]).toEqual([1, undefined]);
    expect(node.store.pool.all().length).toBe(1);
  });

  it("counts what is queued before a transaction against the same prepaid gas", async () => {
    fund(2n * COST, 0);
    await send({ nonce: 0 });
    await send({ nonce: 1 });
    expect(await refusal({ nonce: 2 })).toMatch(/^insufficient funds/);
  });

  it("keeps gaps, knows the next nonce to sign, and bounds how far ahead an account may go", async () => {
    fund(10n * COST, 0);
    await send({ nonce: 2 });
    expect(node.mempool.pendingNonce(testAddress(0))).toBe(0n);
    await send({ nonce: 0 });
    expect(node.mempool.pendingNonce(testAddress(0))).toBe(1n);
    expect(await refusal({ nonce: 3 })).toMatch(/^nonce too high/);
    expect(node.sequencer.seal()?.transactions.length).toBe(1);
    await send({ nonce: 1 });
    expect(node.mempool.pendingNonce(testAddress(0))).toBe(3n);
    expect(node.sequencer.seal()?.transactions.map(({ transaction }) => transaction?.nonce)).toEqual([1n, 2n]);
  });

  it("holds no more of an account than it can pay for, from whichever end its nonces come", async () => {
    fund(2n * COST, 0);
    expect(await refusal({ nonce: 2 })).toBe("accepted");
    expect(await refusal({ nonce: 1 })).toBe("accepted");
    expect(await refusal({ nonce: 0 })).toMatch(/^insufficient funds/);
    // A replacement counts instead of what it replaces.
    fund(10_000_000_000_000n, 0);
    const dearer = { maxFeePerGas: 11n * GWEI, maxPriorityFeePerGas: (11n * GWEI) / 10n };
    expect(await refusal({ nonce: 1, ...dearer })).toBe("accepted");
    expect(await refusal({ nonce: 2, ...dearer })).toMatch(/^insufficient funds/);
  });

  it("gives a small part of itself to what waits behind a gap, and that to whoever's turn can come, whatever it pays", async () => {
    node = testNode(l1.chainFile(), ":memory:", { maxTransactions: 4, maxPerAccount: 64, maxGapped: 2 });
    fund(1000n * COST, 0, 1, 2, 3, 4);
    const gapped = async (key: number, nonce: number, tip = 9n * GWEI) =>
      refusal({ key, nonce, maxPriorityFeePerGas: tip });
    expect(await gapped(0, 9)).toBe("accepted");
    expect(await gapped(0, 8)).toBe("accepted");
    expect(await gapped(0, 7)).toBe("txpool is full");
    expect(await gapped(1, 5)).toBe("txpool is full");
    expect(await gapped(1, 5, 9n * GWEI + 1n)).toBe("accepted");
    const senders = () => [...node.mempool.all()].map(({ sender, nonce }) => [sender, Number(nonce)]);
    expect(senders()).toEqual([
      [testAddress(0), 8],
      [testAddress(1), 5],
    ]);
    for (const key of [2, 3, 4]) expect(await refusal({ key, maxPriorityFeePerGas: GWEI })).toBe("accepted");
    expect(await refusal({ key: 2, nonce: 1, maxPriorityFeePerGas: GWEI })).toBe("accepted");
    expect(senders()).toEqual([2, 3, 4, 2].map((key, i) => [testAddress(key), i === 3 ? 1 : 0]));
    expect(await gapped(0, 9)).toBe("txpool is full");
    expect(node.store.pool.all().length).toBe(4);
    // What is sealed makes room: for one behind a gap, and for those that close it.
    expect(node.sequencer.seal()?.transactions.length).toBe(4);
    for (const nonce of [2, 1, 0]) expect(await gapped(0, nonce)).toBe("accepted");
    for (const nonce of [6, 5]) expect(await gapped(1, nonce)).toBe(nonce === 6 ? "accepted" : "txpool is full");
  });

  it("drops what a forced transaction of the account left no prepaid gas for, and nothing else", async () => {
    node = testNode(l1.chainFile());
    fund(4n * COST, 0);
    for (const nonce of [2, 3]) await send({ nonce });
    const force = async (nonce: number, amountWei: bigint) => {
      const data = encodeLedgerMessage({ kind: "toBalance", amountWei });
      const envelope = await signRaw({ nonce, to: LEDGER_ADDRESS, data });
      l1.mine([{ kind: 7, envelope, gasLimit: 100_000n }]);
      follow(node.chain, l1);
      return node.sequencer.seal()?.transactions.map(({ outcome }) => outcome.status);
    };
    const nonces = () => [...node.mempool.all()].map(({ nonce }) => Number(nonce));
    expect(await force(0, COST)).toEqual(["included"]);
    expect(nonces()).toEqual([2, 3]);
    // Pays for nonce 2, which goes in right behind it, and for half of nonce 3.
    // Leaves enough for nonce 2, and for half of nonce 3.
    expect(await force(1, (3n * COST) / 2n - 10n ** 12n)).toEqual(["included"]);
    expect([nonces(), node.store.pool.all().length]).toEqual([[2], 1]);
    expect(node.sequencer.seal()?.transactions.length).toBe(1);
  });

  it("gives way to a better price when full, and to nothing else", async () => {
    fund(10n * COST, 0, 1, 2, 3, 4);
    for (const key of [0, 1, 2, 3]) await send({ key, maxPriorityFeePerGas: GWEI + BigInt(key) });
    expect(await refusal({ key: 4, maxPriorityFeePerGas: GWEI })).toBe("txpool is full");
    expect(await refusal({ key: 4, maxPriorityFeePerGas: GWEI + 1n })).toBe("accepted");
    expect(node.mempool.size).toBe(4);
    expect([...node.mempool.senders()]).not.toContain(testAddress(0));
    expect(node.store.pool.all().length).toBe(4);
  });

  it("refuses envelopes over the size limit before it looks at them", async () => {
    expect(await node.mempool.add(new Uint8Array(131_073)).catch((error: AnhError) => error.code)).toBe("oversized");
  });
});
