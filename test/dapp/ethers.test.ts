import {
  AbiCoder,
  type Contract,
  ContractFactory,
  isError,
  JsonRpcProvider,
  parseEther,
  Wallet,
  WebSocketProvider,
} from "ethers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RpcRig, startRpcRig } from "../l2-node/rpc/rig.ts";
import { TEST_CHAIN_ID, testAddress, testKey } from "../support/transactions.ts";
import { counterAbi, counterBytecode } from "./counter.ts";

let rig: RpcRig;
let provider: JsonRpcProvider;
let wallet: Wallet;

beforeAll(async () => {
  rig = await startRpcRig({ sealing: true });
  provider = new JsonRpcProvider(rig.url, undefined, { polling: true, pollingInterval: 20, cacheTimeout: -1 });
  wallet = new Wallet(testKey(0), provider);
});
afterAll(async () => {
  provider.destroy();
  await rig.stop();
});

describe("plain ethers", () => {
  it("sees the chain, and a balance that pays fees", async () => {
    expect((await provider.getNetwork()).chainId).toBe(TEST_CHAIN_ID);
    expect(await provider.getBalance(wallet.address)).toBe(parseEther("2"));
    const block = await provider.getBlock("latest", true);
    expect(block?.miner.toLowerCase()).toBe(rig.file.sequencer);
    expect(await provider.send("eth_accounts", [])).toEqual([]);
  });

  it("deploys, sends, waits, reads, and finds the events", async () => {
    const factory = new ContractFactory(counterAbi, counterBytecode, wallet);
    const counter = (await (await factory.deploy()).waitForDeployment()) as Contract;
    const receipt = await (await counter.getFunction("increment")(7n, { value: 5n })).wait();
    expect([receipt.status, receipt.logs.length]).toEqual([1, 1]);
    expect(await counter.getFunction("value")()).toBe(7n);
    const [event] = await counter.queryFilter(counter.getEvent("Incremented")(wallet.address));
    expect(AbiCoder.defaultAbiCoder().decode(["uint256"], event?.data ?? "0x")).toEqual([7n]);
    expect(await provider.getBalance(await counter.getAddress())).toBe(5n);
  });

  it("decodes the contract's own error, a reason and a panic from estimates and calls", async () => {
    const factory = new ContractFactory(counterAbi, counterBytecode, wallet);
    const counter = (await (await factory.deploy()).waitForDeployment()) as Contract;
    const caught = async (work: Promise<unknown>) =>
      work.then(
        () => undefined,
        (error: unknown) => (isError(error, "CALL_EXCEPTION") ? error : undefined),
      );
    const tooMuch = await caught(counter.getFunction("increment").staticCall(101n));
    const estimated = await caught(counter.getFunction("increment").estimateGas(101n));
    expect(estimated?.data).toBe(tooMuch?.data);
    expect([tooMuch?.revert?.name, tooMuch?.revert?.args[0]]).toEqual(["TooMuch", 100n]);
    expect((await caught(counter.getFunction("deny")("because")))?.reason).toBe("because");
    expect((await caught(counter.getFunction("panic")(0n)))?.reason).toContain("DIVIDE_BY_ZERO");
  });

  it("sets its own account's code", async () => {
    const factory = new ContractFactory(counterAbi, counterBytecode, wallet);
    const counter = (await (await factory.deploy()).waitForDeployment()) as Contract;
    const address = await counter.getAddress();
    const authorization = await wallet.authorize({ address, nonce: (await wallet.getNonce()) + 1 });
    const data = counter.interface.encodeFunctionData("increment", [2n]);
    const sent = await wallet.sendTransaction({
      to: wallet.address,
      data,
      type: 4,
      authorizationList: [authorization],
    });
    expect((await sent.wait())?.status).toBe(1);
    expect(await provider.getCode(wallet.address)).toBe(`0xef0100${address.slice(2).toLowerCase()}`);
    const found = await provider.getTransaction(sent.hash);
    expect(found?.authorizationList?.map((entry) => entry.address)).toEqual([address]);
    expect(await (counter.attach(wallet.address) as Contract).getFunction("value")()).toBe(2n);
  });

  it("hears of blocks, transactions and events over WebSocket", async () => {
    const socket = new WebSocketProvider(rig.url.replace("http", "ws"));
    const factory = new ContractFactory(counterAbi, counterBytecode, wallet);
    const counter = (await (await factory.deploy()).waitForDeployment()) as Contract;
    const heard = Promise.all([
      new Promise((resolve) => socket.on("block", resolve)),
      new Promise((resolve) => socket.on("pending", resolve)),
      new Promise((resolve) => counter.connect(socket).on("Incremented" as never, (_who, value) => resolve(value))),
    ]);
    // ethers subscribes without saying when it is done.
    await socket.send("eth_chainId", []);
    await socket.getBlockNumber();
    const sent = await counter.getFunction("increment")(9n);
    const [block, pending, value] = await heard;
    expect(block).toBeGreaterThan(0);
    expect([pending, value]).toEqual([sent.hash, 9n]);
    await socket.destroy();
  });

  it("names what is wrong with a transaction as it knows it from other chains", async () => {
    await (await wallet.sendTransaction({ to: testAddress(2), value: 1n })).wait();
    const low = wallet.sendTransaction({ to: testAddress(2), value: 1n, nonce: (await wallet.getNonce()) - 1 });
    await expect(low).rejects.toMatchObject({ code: "NONCE_EXPIRED" });
    const rich = wallet.sendTransaction({ to: testAddress(2), value: parseEther("1.5") });
    await expect(rich).rejects.toMatchObject({ code: "INSUFFICIENT_FUNDS" });
  });
});
