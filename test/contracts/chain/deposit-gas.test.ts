// A wallet estimates on the newest L1 block, or the pending one, and is included in a later one: what it estimated must do there.
import { type Abi, createTestClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bridgeAbi } from "../../../common/contracts/bridge.ts";
import { forcedTransactionsAbi } from "../../../common/contracts/forced-transactions.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";

let l1: TestL1;
const account = privateKeyToAccount(devAccount("user").privateKey);
const to = account.address;
const ONE_ETH = 10n ** 18n;
const FORCED_GAS = 100_000n;

beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1?.stop());

const anvil = () => createTestClient({ mode: "anvil", transport: http(l1.url) });
const wallet = () => createWalletClient({ account, transport: http(l1.url) });

const call = (contract: "prepaidGas" | "bridge" | "forcedTransactions", functionName: string, args: unknown[]) => {
  const abi = { prepaidGas: prepaidGasAbi, bridge: bridgeAbi, forcedTransactions: forcedTransactionsAbi }[contract];
  return { account, address: l1.chain.contracts[contract], abi: abi as Abi, functionName, args, value: ONE_ETH };
};

const send = (request: ReturnType<typeof call>, gas: bigint): Promise<Hex> =>
  wallet().writeContract({ ...request, gas, chain: null });

it.each<[string, () => ReturnType<typeof call>]>([
  ["a prepayment", () => call("prepaidGas", "deposit", [to])],
  ["a bridging", () => call("bridge", "depositEth", [to])],
  ["a forced call", () => call("forcedTransactions", "forceCall", [to, 0n, FORCED_GAS, "0x"])],
  [
    "a forced call of many bytes",
    () => call("forcedTransactions", "forceCall", [to, 0n, 900_000n, `0x${"ab".repeat(20_000)}`]),
  ],
  ["a forced envelope", () => call("forcedTransactions", "forceEnvelope", ["0x02", FORCED_GAS])],
])("%s estimated beside another message does in a block of its own", async (_, request) => {
  await l1.hold();
  await send(call("prepaidGas", "deposit", [to]), 1_000_000n);
  const estimate = await l1.client.estimateContractGas({ ...request(), blockTag: "pending" });
  await anvil().mine({ blocks: 1 });
  const hash = await send(request(), estimate);
  await anvil().mine({ blocks: 1 });
  expect((await l1.client.waitForTransactionReceipt({ hash })).status).toBe("success");
});
