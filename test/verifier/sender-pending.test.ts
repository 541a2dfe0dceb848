// What waits in L1's pool while the endpoint answers badly.
import type { PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { openSender } from "../../verifier/sender.ts";

const account = privateKeyToAccount(`0x${"11".repeat(32)}`);
const call = {
  address: account.address,
  abi: [{ type: "function", name: "f", inputs: [], outputs: [], stateMutability: "payable" }],
  functionName: "f",
  args: [],
} as const;

test("a transaction mined between the last look for its receipt and the count of nonces is not called missing", async () => {
  let counts = 0;
  const l1 = {
    pollingInterval: 60,
    getTransactionCount: async () => (counts++ === 0 ? 5 : 6),
    estimateContractGas: async () => 50_000n,
    estimateFeesPerGas: async () => ({ maxFeePerGas: 10n, maxPriorityFeePerGas: 1n }),
    getTransactionReceipt: async () => {
      if (counts < 2) throw new Error("not found");
      return { status: "success", transactionHash: "0x" };
    },
  } as unknown as PublicClient;
  const wallet = { account, sendTransaction: async () => `0x${"22".repeat(32)}` } as never;
  const sender = openSender({ l1, wallet, resendMs: 50 });
  await expect(sender.send(call as never)).resolves.toMatchObject({ status: "success" });
});

test("one transient error of the endpoint while it waits does not abandon a transaction that is pending", async () => {
  let counts = 0;
  const l1 = {
    pollingInterval: 5,
    getTransactionCount: async () => {
      if (++counts === 2) throw new Error("502");
      return 5;
    },
    estimateContractGas: async () => 50_000n,
    estimateFeesPerGas: async () => ({ maxFeePerGas: 10n, maxPriorityFeePerGas: 1n }),
    getTransactionReceipt: async () => {
      if (counts < 3) throw new Error("not found");
      return { status: "success", transactionHash: "0x" };
    },
  } as unknown as PublicClient;
  const wallet = {
    account,
    sendTransaction: async () => {
      return `0x${"22".repeat(32)}`;
    },
  } as never;
  const sender = openSender({ l1, wallet, resendMs: 20 });
  await expect(sender.send(call as never)).resolves.toMatchObject({ status: "success" });
});
