import type { Address, Hex } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { hexOf } from "../../../common/bytes.ts";
import type { ForcedCallMessage, Message } from "../../../common/message.ts";
import { type Block, postedOf } from "../../../l2-node/chain/block.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { decodeBlock, encodeBlock } from "../../../l2-node/store/block-codec.ts";
import { follow, testNode } from "../../support/node.ts";
import { type SignFields, signRaw, testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GWEI = 10n ** 9n;
const [user, other] = [0, 1].map(testAddress) as [Address, Address];
const ALIAS: Address = `0x${"a1".repeat(20)}`;

let rig: Rig;
beforeEach(() => {
  rig = makeRig({ alloc: forcers });
});
afterEach(() => rig.execution.close());

const envelope = async (fields: SignFields, gasLimit = 100_000n): Promise<Message> => ({
  kind: 7,
  envelope: await signRaw({ gas: 100_000n, to: other, ...fields }),
  gasLimit,
});
const call = (fields: Partial<ForcedCallMessage>): Message => ({
  kind: 8,
  from: ALIAS,
  to: other,
  mintWei: 0n,
  valueWei: 0n,
  gasLimit: 100_000n,
  priceWei: 3_000_000n,
  data: "0x",
  ...fields,
});
const reasons = ({ transactions }: Block) =>
  transactions.map(({ outcome }) => (outcome.status === "included" ? "included" : outcome.reason.slice(0, 22)));
const balance = async (account: Address) => (await rig.execution.account(account, "latest")).balanceWei;

describe("a forced envelope", () => {
  it("is included whatever the base fee, pays min(maxFee, baseFee) and nothing for its bytes", async () => {
    rig.deliver(gasDeposit(0), gasDeposit(1));
    // Full blocks raise the base fee beyond what the forced one offers.
    for (let block = 0; block < 3; block++) {
      for (let i = 0; i < 4; i++) await rig.send({ key: 1, gas: 15_000_000n });
      rig.seal();
    }
    const message = await envelope({ maxFeePerGas: 1_000_001n, maxPriorityFeePerGas: 1_000_000n, value: 1n });
    const block = rig.deliver(ethDeposit(0), message);
    expect(block.header.baseFeeWei).toBeGreaterThan(1_000_001n);
    const [forced] = block.transactions;
    expect(forced?.outcome).toEqual({ status: "included", priceWei: 1_000_001n, dataGas: 0n });
    expect(rig.store.blocks.account(user)).toMatchObject({ nonce: 1n, prepaidWei: ETHER - 100_000n * 1_000_001n });
    expect(await rig.execution.receipt(forced!.hash)).toMatchObject({
      status: "success",
      transactionIndex: 0,
      from: user,
    });
    expect([await balance(other), await rig.execution.credit(user, "latest")]).toEqual([1n, 50_000n * 1_000_001n]);
    const cheap = rig.deliver(await envelope({ nonce: 1, maxFeePerGas: 9n * GWEI, maxPriorityFeePerGas: 9n * GWEI }));
    expect(cheap.transactions[0]?.outcome).toMatchObject({ priceWei: cheap.header.baseFeeWei });
  });

  it("that is not includable is skipped, at nobody's charge, and its block goes on", async () => {
    rig.deliver(gasDeposit(0));
    const before = rig.store.blocks.account(user);
    const good = await envelope({});
    const block = rig.deliver(
      await envelope({ nonce: 1 }),
      await envelope({ key: 1 }),
      await envelope({ chainId: 1n }),
      await envelope({}, 99_999n),
      await envelope({ maxFeePerGas: 999_999n, maxPriorityFeePerGas: 0n }),
      await envelope({ gas: 20_999n }),
      { kind: 7, envelope: "0x", gasLimit: 100_000n },
      { kind: 7, envelope: "0x03c0", gasLimit: 100_000n },
      { kind: 7, envelope: "0x7ec0", gasLimit: 100_000n },
    );
    expect(reasons(block)).toEqual([
      "nonce too high: next n",
      "insufficient funds for",
      "invalid chain id for s",
      "transaction gas limit ",
      "max fee per gas less t",
      "intrinsic gas too low:",
      "empty transaction",
      "transaction type not s",
      "transaction type not s",
    ]);
    expect(rig.store.blocks.account(user)).toEqual(before);
    expect(reasons(rig.deliver(good, good))).toEqual(["included", "nonce too low: next no"]);
  });

  it("is judged at its place in the inbox: by deposits before it, not after", async () => {
    expect(reasons(rig.deliver(await envelope({}), gasDeposit(0), await envelope({})))).toEqual([
      "insufficient funds for",
      "included",
    ]);
  });

  it("takes the place of the same transaction in the pool, and of another with its nonce", async () => {
    rig.deliver(gasDeposit(0));
    await rig.send({ nonce: 0 });
    await rig.send({ nonce: 1, value: 7n });
    rig.mine(await envelope({ nonce: 0, gas: 100_000n }), await envelope({ nonce: 1 }));
    const block = rig.seal();
    expect([reasons(block), rig.mempool.size]).toEqual([["included", "included"], 0]);
    expect(postedOf(block)).toEqual([]);
  });

  it("reads ledger messages as any other transaction", async () => {
    rig.deliver(gasDeposit(0));
    const data = encodeLedgerMessage({ kind: "toBalance", amountWei: 12_345n });
    rig.deliver(await envelope({ to: LEDGER_ADDRESS, data }));
    expect(await balance(user)).toBe(12_345n);
  });

  it("has its own lane: it neither fills the block nor moves its base fee", async () => {
    rig.deliver(gasDeposit(0), gasDeposit(1));
    const messages = await Promise.all(
      [0, 1, 2, 3, 4].map((nonce) => envelope({ nonce, gas: 15_000_000n }, 15_000_000n)),
    );
    await rig.send({ key: 1, nonce: 0, gas: 15_000_000n });
    rig.mine(...messages);
    const block = rig.seal();
    expect([block.forced, block.transactions.length, block.header.gasUsed]).toEqual([5, 6, 15_000_000n]);
    expect(reasons(block)).toEqual(Array(6).fill("included"));
    expect(decodeBlock(encodeBlock(block), rig.file)).toEqual(block);
  });
});

describe("a forced call", () => {
  it("brings its ETH, runs as the L1 sender, and what gas is left becomes its balance; no nonce moves", async () => {
    const block = rig.deliver(call({ mintWei: 50n, valueWei: 20n }));
    const [forced] = block.transactions;
    expect(forced?.transaction).toMatchObject({ type: 0x7e, sender: ALIAS, nonce: 0n });
    const receipt = await rig.execution.receipt(forced!.hash);
    expect(receipt).toMatchObject({ status: "success", type: 0x7e, gasUsed: 50_000n, effectiveGasPrice: 3_000_000n });
    expect([await balance(other), await balance(ALIAS)]).toEqual([20n, 30n + 50_000n * 3_000_000n]);
    expect(await rig.execution.credit(ALIAS, "latest")).toBe(0n);
    const { nonce } = await rig.execution.account(ALIAS, "latest");
    expect([nonce, rig.store.blocks.account(ALIAS).nonce]).toEqual([0n, 0n]);
    // All that L1 took in is somewhere: base fee and tip at the lane's price.
    const fees =
      (await rig.execution.accountantFeesWei("latest")) + (await rig.execution.credit(rig.file.sequencer, "latest"));
    expect(fees).toBe(50_000n * 3_000_000n);
    expect(decodeBlock(encodeBlock(block), rig.file)).toEqual(block);
  });

  it("that fails keeps what it brought, and two alike are two transactions", async () => {
    const block = rig.deliver(
      call({ valueWei: 1n }),
      call({ mintWei: 5n, valueWei: 6n * ETHER }),
      call({ valueWei: 1n }),
    );
    const hashes = block.transactions.map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(3);
    const receipts = await Promise.all(hashes.map((hash) => rig.execution.receipt(hash)));
    // Each leaves half its gas as balance, so only the first is without any.
    expect(receipts.map((receipt) => receipt?.status)).toEqual(["success", "failed", "success"]);
  });

  it("that could not begin, or means the ledger, does nothing", async () => {
    const block = rig.deliver(call({ gasLimit: 20_999n }), call({ to: LEDGER_ADDRESS, valueWei: 1n, mintWei: 1n }));
    expect(reasons(block)).toEqual(["not enough gas to begi", "the ledger answers to "]);
    expect(await balance(LEDGER_ADDRESS)).toBe(0n);
  });

  it("parks and resumes", async () => {
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2n * GWEI, gas: 1_000_000n });
    rig.seal();
    const data = forcerCall("infer", modelOf(job), "0x00010203");
    const block = rig.deliver(call({ to: FORCER, data, gasLimit: 1_000_000n }));
    const { hash } = block.transactions[0]!;
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    const { id } = (await rig.execution.status(hash)) as { readonly id: Hex };
    const claimHash: Hex = `0x${"c1".repeat(32)}`;
    const model: Hex = `0x${"c2".repeat(32)}`;
    const claimed = (of: Hex, claim: Hex): Message => ({
      kind: 3,
      id: of,
      claimHash: claim,
      claimant: other,
      resultRoot: claim,
      soft: false,
      consumed: [],
      output: "0x2a",
      failedSteps: 0,
    });
    rig.deliver(
      claimed(modelOf(job), model),
      claimed(id, claimHash),
      { kind: 5, id: modelOf(job), claimHash: model },
      { kind: 5, id, claimHash },
    );
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "success", from: ALIAS });
    const replica = rig.fresh();
    expect(await replica.stateRoot("latest")).toBe(await rig.execution.stateRoot("latest"));
    await replica.close();
  });
});

describe("a replica", () => {
  it("derives what is forced from the inbox alone, even where the posted bytes are garbage", async () => {
    rig.deliver(gasDeposit(0), gasDeposit(1));
    await rig.send({ key: 1 });
    rig.mine(await envelope({}), call({ mintWei: 3n, valueWei: 1n }));
    const block = rig.seal();
    const [good, bad] = [testNode(rig.file), testNode(rig.file)];
    rig.l1.mine([], [{ blocks: [1n, 2n].map((number) => rig.store.blocks.block(number) as Block) }]);
    follow(good.chain, rig.l1);
    const { sealedHere: _, ...anyones } = block;
    expect(good.chain.head()).toEqual(anyones);
    rig.l1.fork(rig.l1.head.number - 1n);
    rig.l1.mine(
      [],
      [{ blocks: [1n, 2n].map((number) => rig.store.blocks.block(number) as Block), data: Uint8Array.of(9) }],
    );
    follow(bad.chain, rig.l1);
    expect(bad.chain.head()).toMatchObject({ inboxOnly: true, hash: block.hash, forced: 2 });
    expect(reasons(bad.chain.head())).toEqual(["included", "included"]);
    const nonces = [good, bad].map(({ store }) => [user, other].map((account) => store.blocks.account(account).nonce));
    expect(nonces).toEqual([
      [1n, 1n],
      [1n, 0n],
    ]);
    expect(hexOf(good.chain.head().transactions[0]!.raw)).toBe(((await envelope({})) as { envelope: Hex }).envelope);
  });
});
