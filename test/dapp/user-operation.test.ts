// ERC-4337 on plain viem: an account without gas of its own acts through the EntryPoint of the genesis; another pays the fees.
import simpleAccount from "@account-abstraction/contracts/artifacts/Simple7702Account.json" with { type: "json" };
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  type Hex,
  http,
  parseAbi,
  parseEther,
} from "viem";
import {
  entryPoint08Abi,
  entryPoint08Address,
  toPackedUserOperation,
  toSimple7702SmartAccount,
  type UserOperation,
} from "viem/account-abstraction";
import { afterAll, beforeAll, expect, test } from "vitest";
import { predeployAlloc } from "../../l2-node/execution/predeploys.ts";
import { type RpcRig, startRpcRig } from "../l2-node/rpc/rig.ts";
import { TEST_CHAIN_ID, testAccount } from "../support/transactions.ts";
import { counterAbi, counterBytecode } from "./counter.ts";

let rig: RpcRig;
beforeAll(async () => {
  rig = await startRpcRig({ sealing: true, alloc: await predeployAlloc(TEST_CHAIN_ID) });
});
afterAll(() => rig.stop());

const entryPoint = { address: entryPoint08Address, abi: entryPoint08Abi } as const;

test("a user operation is carried out once, paid from the account's deposit, and not if another signed it", async () => {
  const chain = defineChain({
    id: Number(TEST_CHAIN_ID),
    name: "ANH",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rig.url] } },
  });
  const client = createPublicClient({ chain, transport: http(), pollingInterval: 20, cacheTime: 0 });
  const bundler = createWalletClient({ chain, account: testAccount(0), transport: http() });
  const done = async (hash: Hex) => {
    const receipt = await client.waitForTransactionReceipt({ hash });
    expect(receipt.status).toBe("success");
    return receipt;
  };
  const deploy = async (bytecode: Hex) =>
    (await done(await bundler.deployContract({ abi: [], bytecode }))).contractAddress!;
  const counter = await deploy(counterBytecode);
  const implementation = await deploy(simpleAccount.bytecode as Hex);

  const owner = testAccount(6);
  const authorization = await bundler.signAuthorization({ account: owner, contractAddress: implementation });
  await done(await bundler.sendTransaction({ to: owner.address, authorizationList: [authorization] }));
  await done(
    await bundler.writeContract({
      ...entryPoint,
      functionName: "depositTo",
      args: [owner.address],
      value: parseEther("0.1"),
    }),
  );
  const account = await toSimple7702SmartAccount({ client, owner, implementation });
  const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
  const abi = parseAbi(counterAbi);
  const operation: UserOperation<"0.8"> = {
    sender: owner.address,
    nonce: await account.getNonce(),
    callData: await account.encodeCalls([
      { to: counter, data: encodeFunctionData({ abi, functionName: "increment", args: [4n] }) },
    ]),
    callGasLimit: 200_000n,
    verificationGasLimit: 200_000n,
    preVerificationGas: 60_000n,
    maxFeePerGas,
    maxPriorityFeePerGas,
    signature: "0x",
  };
  const handle = async (signature: Hex) => {
    const packed = toPackedUserOperation({ ...operation, signature });
    const call = { ...entryPoint, functionName: "handleOps", args: [[packed], bundler.account.address] } as const;
    await client.simulateContract({ ...call, account: bundler.account });
    return done(await bundler.writeContract(call));
  };
  const stranger = await toSimple7702SmartAccount({ client, owner: testAccount(7), implementation });
  await expect(handle(await stranger.signUserOperation({ ...operation, sender: owner.address }))).rejects.toThrow(
    "AA24 signature error",
  );
  expect(await client.readContract({ address: counter, abi, functionName: "value" })).toBe(0n);

  const signature = await account.signUserOperation(operation);
  await handle(signature);
  expect(await client.readContract({ address: counter, abi, functionName: "value" })).toBe(4n);
  const [log] = await client.getContractEvents({ address: counter, abi, eventName: "Incremented", fromBlock: 0n });
  expect(log?.args.who).toBe(owner.address);
  expect(await client.readContract({ ...entryPoint, functionName: "balanceOf", args: [owner.address] })).toBeLessThan(
    parseEther("0.1"),
  );
  await expect(handle(signature)).rejects.toThrow("AA25 invalid account nonce");
});
