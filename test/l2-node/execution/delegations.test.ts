import { type Address, getContractAddress, type Hex } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { decodeBlock, encodeBlock } from "../../../l2-node/store/block-codec.ts";
import { authorize, type SignFields, signRaw, testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const [sponsor, authority, other] = [0, 1, 2].map(testAddress) as [Address, Address, Address];
const NOBODY: Address = `0x${"00".repeat(20)}`;
/** sstore(0, calldataload(0)); with no calldata it reverts. */
const WRITER: Address = `0x${"a1".repeat(20)}`;
/** create(0, 0, 0): an empty account at the caller's next state nonce. */
const CREATOR: Address = `0x${"a2".repeat(20)}`;
const alloc = {
  [WRITER]: { nonce: 1n, code: "0x3615600a57600035600055005b5f5ffd" },
  [CREATOR]: { nonce: 1n, code: "0x5f5f5ff05000" },
} as const;
const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const designator = (delegate: Address): Hex => `0xef0100${delegate.slice(2)}`;

let rig: Rig;
beforeEach(() => {
  rig = makeRig({ alloc });
  rig.deliver(gasDeposit(0), ethDeposit(0));
});
afterEach(() => rig.execution.close());

const code = (account: Address) => rig.execution.code(account, "latest");
const ledgerNonce = (account: Address) => Number(rig.store.blocks.account(account).nonce);
const stateNonce = async (account: Address) => Number((await rig.execution.account(account, "latest")).nonce);
const run = async (fields: SignFields) => {
  const hash = await rig.send({ gas: 300_000n, ...fields });
  const block = rig.seal();
  return { block, receipt: (await rig.execution.receipt(hash))! };
};
type Authorized = Awaited<ReturnType<typeof authorize>>;
const set = (...authorizationList: Authorized[]) => run({ to: authority, data: word(7), authorizationList });

describe("a set-code transaction", () => {
  it("sets an authority's code, runs it as its own, and consumes its nonce, paid by the sponsor alone", async () => {
    const { receipt, block } = await set(await authorize(1, WRITER, 0));
    expect(receipt).toMatchObject({ status: "success", type: 4, from: sponsor });
    expect(await code(authority)).toBe(designator(WRITER));
    expect(await rig.execution.storage(authority, word(0), "latest")).toBe(word(7));
    expect([ledgerNonce(sponsor), ledgerNonce(authority), await stateNonce(authority)]).toEqual([1, 1, 1]);
    expect(rig.store.blocks.account(authority).prepaidWei).toBe(0n);
    expect(decodeBlock(encodeBlock(block), rig.file)).toEqual(block);
    const replica = rig.fresh();
    expect(await replica.stateRoot("latest")).toBe(await rig.execution.stateRoot("latest"));
    await replica.close();
  });

  it("ignores, at full price, what no valid signature for this chain and the next nonce stands behind", async () => {
    const good = await authorize(1, WRITER, 0);
    const bad = [
      await authorize(1, WRITER, 1),
      await authorize(1, WRITER, 0, 1n),
      { ...good, yParity: 2 },
      { ...good, s: `0x${"ff".repeat(32)}` as Hex },
    ];
    const { receipt, block } = await set(...bad);
    expect(receipt.status).toBe("success");
    expect(block.transactions[0]?.outcome).not.toHaveProperty("delegations");
    expect([await code(authority), ledgerNonce(authority)]).toEqual(["0x", 0]);
    expect(receipt.gasUsed).toBeGreaterThan(4n * 25_000n);
  });

  it("takes authorizations for any chain, those of its own sender after its nonce, and several of one account", async () => {
    await set(
      await authorize(1, WRITER, 0, 0n),
      await authorize(0, CREATOR, 0),
      await authorize(0, CREATOR, 1),
      await authorize(1, CREATOR, 1),
    );
    expect([await code(authority), await code(sponsor)]).toEqual([designator(CREATOR), designator(CREATOR)]);
    expect([ledgerNonce(authority), ledgerNonce(sponsor)]).toEqual([2, 2]);
    expect([await stateNonce(authority), await stateNonce(sponsor)]).toEqual([3, 2]); // it created a contract
  });

  it("keeps the delegations of a call that reverts, and takes them back for the zero address", async () => {
    const { receipt } = await run({ to: authority, authorizationList: [await authorize(1, WRITER, 0)] });
    expect(receipt.status).toBe("failed");
    expect(await code(authority)).toBe(designator(WRITER));
    await set(await authorize(1, NOBODY, 1));
    expect([await code(authority), await stateNonce(authority)]).toEqual(["0x", 2]);
  });

  it("keeps them too where its value is not covered, as the ledger has consumed their nonces", async () => {
    const authorizationList = [await authorize(1, WRITER, 0)];
    const { receipt } = await run({ to: authority, value: 2n * ETHER, authorizationList });
    expect(receipt.status).toBe("failed");
    expect([await code(authority), ledgerNonce(authority)]).toEqual([designator(WRITER), 1]);
  });

  it("refunds half for an account that was there, and leaves code that is no delegation alone", async () => {
    const gasOf = async (nonce: number) => {
      const authorizationList = [await authorize(1, WRITER, nonce)];
      return (await run({ to: authority, data: word(7), gas: 75_000n, authorizationList })).receipt.gasUsed;
    };
    const [first, second] = [await gasOf(0), await gasOf(1)];
    // The slot now holds what is written: 22,100 gas became 2,200. The refund is capped at a fifth of what is left.
    expect(first - second).toBeGreaterThan(19_900n + 9_000n);
    const withCode = makeRig({ alloc: { ...alloc, [other]: { nonce: 1n, code: "0x5f" } } });
    withCode.deliver(gasDeposit(0));
    await withCode.send({ to: other, gas: 200_000n, authorizationList: [await authorize(2, WRITER, 0)] });
    withCode.seal();
    expect(await withCode.execution.code(other, "latest")).toBe("0x5f");
    expect(withCode.store.blocks.account(other).nonce).toBe(1n);
    await withCode.execution.close();
  });

  it("consumes nonces of transactions that wait: they leave the pool, later ones go on", async () => {
    rig.deliver(gasDeposit(1));
    await rig.mempool.add(bytesOfHex(await signRaw({ key: 1, nonce: 0 })));
    await rig.mempool.add(bytesOfHex(await signRaw({ key: 1, nonce: 1 })));
    await rig.send({
      to: authority,
      data: word(1),
      gas: 300_000n,
      maxPriorityFeePerGas: 9_000_000_000n,
      authorizationList: [await authorize(1, WRITER, 0)],
    });
    const nonces = () => rig.seal().transactions.map(({ transaction }) => [transaction?.sender, transaction?.nonce]);
    expect(nonces()).toEqual([[sponsor, 0n]]);
    expect(nonces()).toEqual([[authority, 1n]]);
    expect(rig.mempool.size).toBe(0);
  });

  it("parks like any other, and its delegations are in place from then on", async () => {
    rig = makeRig({ alloc: { ...alloc, ...forcers } });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER);
    await run({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
    const data = forcerCall("infer", modelOf(job), "0x00010203");
    const authorizationList = [await authorize(1, WRITER, 0)];
    const hash = await rig.send({ to: FORCER, data, gas: 1_000_000n, authorizationList });
    rig.seal();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    expect([await code(authority), ledgerNonce(authority)]).toEqual([designator(WRITER), 1]);
    await set(await authorize(1, NOBODY, 1));
    expect(await code(authority)).toBe("0x");
  });
});

describe("a delegated account", () => {
  it("creates contracts without moving its ledger nonce, and its own next transaction is includable", async () => {
    rig.deliver(gasDeposit(1));
    await run({ to: authority, authorizationList: [await authorize(1, CREATOR, 0)] });
    // The creation took state nonce 1; the ledger, which nothing executed can touch, stands at 1 as well.
    expect([ledgerNonce(authority), await stateNonce(authority)]).toEqual([1, 2]);
    const created = getContractAddress({ from: authority, nonce: 1n });
    expect((await rig.execution.account(created.toLowerCase() as Address, "latest")).nonce).toBe(1n);
    // Its own creation at transaction nonce 1 would land on the same address: it fails, and the chain goes on.
    const hash = await rig.send({ key: 1, nonce: 1, to: null, data: "0x00", gas: 200_000n });
    rig.seal();
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "failed" });
    const next = await rig.send({ key: 1, nonce: 2, to: other });
    rig.seal();
    expect(await rig.execution.receipt(next)).toMatchObject({ status: "success" });
    expect([ledgerNonce(authority), await stateNonce(authority)]).toEqual([3, 3]);
  });

  it("cannot be drained of prepaid gas by its code", async () => {
    rig.deliver(gasDeposit(1));
    const { prepaidWei } = rig.store.blocks.account(authority);
    await run({ to: authority, data: word(5), authorizationList: [await authorize(1, WRITER, 0)] });
    await run({ to: authority, data: word(6) });
    expect(rig.store.blocks.account(authority).prepaidWei).toBe(prepaidWei);
  });
});
