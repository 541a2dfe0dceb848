// What a liar sends to L1 by hand: no service would.
import { type Abi, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect } from "vitest";
import { devAccount, type Role } from "../../cli/stack/accounts.ts";
import { commitment, type Failure } from "../../common/claim.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { defaultPrices } from "../../deploy/prices.ts";
import type { Steps } from "../../verifier/trace/steps.ts";
import { type FailedClaim, failedClaim } from "./failed-claim.ts";
import type { TestL1 } from "./l1.ts";
import type { SmallTask } from "./small-task.ts";
import { until } from "./until.ts";

type StageL1 = Pick<TestL1, "client" | "chain" | "url">;

export async function callAs(
  role: Role,
  l1: StageL1,
  address: Hex,
  abi: Abi,
  functionName: string,
  args: readonly unknown[],
  value = 0n,
) {
  const account = privateKeyToAccount(devAccount(role).privateKey);
  const wallet = createWalletClient({ account, transport: http(l1.url), pollingInterval: 20 });
  const { request } = await l1.client.simulateContract({ account, address, abi, functionName, args, value });
  const hash = await wallet.writeContract({ ...request, chain: null } as never);
  const receipt = await l1.client.waitForTransactionReceipt({ hash });
  expect(receipt.status, functionName).toBe("success");
  return receipt;
}

export const blockAfter = (l1: StageL1, number: bigint) =>
  until(async () => ((await l1.client.getBlockNumber()) > number ? true : undefined));

/** Claims that a run fails, be it so or not; what is served of it is what the claim says. */
export async function claimFailure(l1: StageL1, task: SmallTask, steps: Steps, failure: Failure): Promise<FailedClaim> {
  const { address } = devAccount("liar");
  const claim = await failedClaim(task, steps, failure, address);
  const claims = (functionName: string, args: readonly unknown[], value = 0n) =>
    callAs("liar", l1, l1.chain.contracts.resultClaims, resultClaimsAbi as Abi, functionName, args, value);
  const { blockNumber } = await claims("commit", [commitment(claim.hash, address, claim.claim.salt)]);
  await blockAfter(l1, blockNumber);
  await claims("claim", [claim.input], defaultPrices.claimBondWei);
  return claim;
}
