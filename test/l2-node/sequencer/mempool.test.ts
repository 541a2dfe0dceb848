import { beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { AnhError } from "../../../common/errors.ts";
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
