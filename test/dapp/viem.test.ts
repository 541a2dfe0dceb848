import { setTimeout as sleep } from "node:timers/promises";
import {
  type BaseError,
  ContractFunctionRevertedError,
  concatHex,
  createPublicClient,
  createWalletClient,
  defineChain,
  domainSeparator,
  encodeFunctionData,
  getContractAddress,
  http,
  numberToHex,
  type PublicClient,
  parseAbi,
  parseEther,
  webSocket,
} from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { predeployAlloc } from "../../l2-node/execution/predeploys.ts";
import { type RpcRig, startRpcRig } from "../l2-node/rpc/rig.ts";
import { TEST_CHAIN_ID, testAccount, testAddress } from "../support/transactions.ts";
import { counterAbi, counterBytecode } from "./counter.ts";

const abi = parseAbi(counterAbi);
let rig: RpcRig;
let client: PublicClient;
let connect: () => ReturnType<typeof walletOf>;

function walletOf(url: string) {
  const chain = defineChain({
    id: Number(TEST_CHAIN_ID),
    name: "ANH",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  return createWalletClient({ chain, account: testAccount(0), transport: http(url) });
}

beforeAll(async () => {
  rig = await startRpcRig({ sealing: true, alloc: await predeployAlloc(TEST_CHAIN_ID) });
  const transport = http(rig.url, { batch: true, retryCount: 0 });
  client = createPublicClient({ transport, pollingInterval: 20, cacheTime: 0 });
  connect = () => walletOf(rig.url);
});
afterAll(() => rig.stop());

describe("plain viem", () => {
  it("reads blocks, fees and balances, in one batch", async () => {
    const [chainId, block, fees, balance] = await Promise.all([
      client.getChainId(),
      client.getBlock(),
      client.estimateFeesPerGas(),
      client.getBalance({ address: testAddress(0) }),
    ]);
    expect(chainId).toBe(Number(TEST_CHAIN_ID));
    expect(block).toMatchObject({ miner: rig.file.sequencer, difficulty: 0n, gasLimit: 60_000_000n });
    expect(fees.maxFeePerGas).toBeGreaterThan(fees.maxPriorityFeePerGas);
    expect(balance).toBe(parseEther("2"));
  });

  it("deploys, simulates, writes, waits and reads logs", async () => {
    const wallet = connect();
    const deployed = await client.waitForTransactionReceipt({
      hash: await wallet.deployContract({ abi, bytecode: counterBytecode }),
    });
    const address = deployed.contractAddress!;
    const { request } = await client.simulateContract({
      address,
      abi,
      functionName: "increment",
      args: [5n],
      account: wallet.account,
    });
    const receipt = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
    expect(receipt).toMatchObject({ status: "success", type: "eip1559" });
    expect(await client.readContract({ address, abi, functionName: "value" })).toBe(5n);
    const logs = await client.getContractEvents({ address, abi, eventName: "Incremented", fromBlock: 0n });
    expect(logs.map(({ args }) => args)).toEqual([{ who: testAccount(0).address, value: 5n }]);
    const sent = await client.getTransaction({ hash: receipt.transactionHash });
    expect([sent.to, sent.blockNumber]).toEqual([address.toLowerCase(), receipt.blockNumber]);
  });

  it("creates through the CREATE2 factory, and reads many at once through Multicall3", async () => {
    const wallet = connect();
    const [factory, multicall3, permit2] = [
      "0x4e59b44847b379578588920cA78FbF26c0B4956C",
      "0xcA11bde05977b3631167028862bE2a173976CA11",
      "0x000000000022D473030F116dDEE9F6B43aC78BA3",
    ] as const;
    const salt = numberToHex(7, { size: 32 });
    const address = getContractAddress({ opcode: "CREATE2", from: factory, salt, bytecode: counterBytecode });
    const created = await client.waitForTransactionReceipt({
      hash: await wallet.sendTransaction({ to: factory, data: concatHex([salt, counterBytecode]) }),
    });
    expect(created.status).toBe("success");
    expect(await client.getCode({ address })).toMatch(/^0x60/);
    await client.waitForTransactionReceipt({
      hash: await wallet.writeContract({ address, abi, functionName: "increment", args: [5n] }),
    });
    const answers = await createPublicClient({
      chain: { ...wallet.chain, contracts: { multicall3: { address: multicall3 } } },
      transport: http(rig.url),
    }).multicall({
      contracts: [
        { address, abi, functionName: "value" },
        { address, abi, functionName: "deny", args: ["no"] },
        {
          address: permit2,
          abi: parseAbi(["function DOMAIN_SEPARATOR() view returns (bytes32)"]),
          functionName: "DOMAIN_SEPARATOR",
        },
      ],
    });
    expect(answers.map(({ status }) => status)).toEqual(["success", "failure", "success"]);
    expect(answers[0]!.result).toBe(5n);
    expect(answers[2]!.result).toBe(
      domainSeparator({ domain: { name: "Permit2", chainId: TEST_CHAIN_ID, verifyingContract: permit2 } }),
    );
    // The same once more would be created where code already is.
    const again = await wallet.sendTransaction({
      to: factory,
      data: concatHex([salt, counterBytecode]),
      gas: 1_000_000n,
    });
    expect((await client.waitForTransactionReceipt({ hash: again })).status).toBe("reverted");
  });

  it("sends two in a row without asking twice for the nonce, and both arrive", async () => {
    const wallet = connect();
    const hashes = [
      await wallet.sendTransaction({ to: testAddress(3), value: 1n }),
      await wallet.sendTransaction({ to: testAddress(3), value: 2n }),
    ];
    const receipts = await Promise.all(hashes.map((hash) => client.waitForTransactionReceipt({ hash })));
    expect(receipts.map(({ status }) => status)).toEqual(["success", "success"]);
    expect(await client.getBalance({ address: testAddress(3) })).toBe(3n);
  });

  it("lends an account a contract's code, sponsored by another, and takes it back", async () => {
    const wallet = connect();
    const hash = await wallet.deployContract({ abi, bytecode: counterBytecode });
    const contractAddress = (await client.waitForTransactionReceipt({ hash })).contractAddress!;
    const lender = testAccount(5);
    const authorize = (address: `0x${string}`) =>
      wallet.signAuthorization({ account: lender, contractAddress: address });
    const sent = await wallet.writeContract({
      address: lender.address,
      abi,
      functionName: "increment",
      args: [3n],
      authorizationList: [await authorize(contractAddress)],
    });
    expect(await client.waitForTransactionReceipt({ hash: sent })).toMatchObject({
      status: "success",
      type: "eip7702",
    });
    expect(await client.getCode({ address: lender.address })).toBe(`0xef0100${contractAddress.slice(2).toLowerCase()}`);
    expect(await client.readContract({ address: lender.address, abi, functionName: "value" })).toBe(3n);
    const found = await client.getTransaction({ hash: sent });
    expect(found.authorizationList?.map(({ address, nonce }) => [address, nonce])).toEqual([[contractAddress, 0]]);
    const back = await wallet.sendTransaction({
      to: lender.address,
      authorizationList: [await authorize(`0x${"00".repeat(20)}`)],
    });
    await client.waitForTransactionReceipt({ hash: back });
    expect(await client.getCode({ address: lender.address })).toBeUndefined();
    expect(await client.getTransactionCount({ address: lender.address })).toBe(2);
  });

  it("watches blocks and events, by filters over HTTP and by subscriptions over WebSocket", async () => {
    const wallet = connect();
    const hash = await wallet.deployContract({ abi, bytecode: counterBytecode });
    const address = (await client.waitForTransactionReceipt({ hash })).contractAddress!;
    const socket = webSocket(rig.url.replace("http", "ws"));
    const live = createPublicClient({ transport: socket });
    const clients: PublicClient[] = [client, live];
    const stops: (() => void)[] = [];
    const values = clients.map(
      (one) =>
        new Promise<bigint | undefined>((resolve) => {
          const event = { address, abi, eventName: "Incremented" } as const;
          stops.push(one.watchContractEvent({ ...event, onLogs: ([log]) => resolve(log?.args.value) }));
        }),
    );
    const block = new Promise<bigint>((resolve) => stops.push(live.watchBlockNumber({ onBlockNumber: resolve })));
    const pending = new Promise((resolve) =>
      stops.push(client.watchPendingTransactions({ onTransactions: ([first]) => resolve(first) })),
    );
    // viem installs its filters without saying when it is done.
    await sleep(300);
    const sent = await wallet.writeContract({ address, abi, functionName: "increment", args: [5n] });
    expect(await Promise.all(values)).toEqual([5n, 5n]);
    expect(await block).toBeGreaterThan(0n);
    expect(await pending).toBe(sent);
    for (const stop of stops) stop();
    (await live.transport.getRpcClient()).close();
  });

  it("decodes custom errors, and overrides state in calls", async () => {
    const wallet = connect();
    const hash = await wallet.deployContract({ abi, bytecode: counterBytecode });
    const address = (await client.waitForTransactionReceipt({ hash })).contractAddress!;
    const error: unknown = await client
      .simulateContract({ address, abi, functionName: "increment", args: [101n] })
      .catch((thrown: unknown) => thrown);
    const reverted = (error as BaseError).walk((cause) => cause instanceof ContractFunctionRevertedError);
    expect((reverted as ContractFunctionRevertedError).data).toMatchObject({ errorName: "TooMuch", args: [100n] });
    const { data } = await client.call({
      to: address,
      data: encodeFunctionData({ abi, functionName: "value" }),
      stateOverride: [{ address, stateDiff: [{ slot: `0x${"0".repeat(64)}`, value: `0x${"0".repeat(62)}2a` }] }],
    });
    expect(BigInt(data!)).toBe(42n);
  });
});
