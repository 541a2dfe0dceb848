import type { PublicClient } from "viem";
import { expect, it } from "vitest";
import { claimHash, NO_FAILURE } from "../../../common/claim.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { taskHash } from "../../../common/task.ts";
import { openClaimLog } from "../../../verifier/claims/log.ts";
import { smallTask } from "../../support/small-task.ts";
import { testAddress } from "../../support/transactions.ts";

const { task } = smallTask();
const ADDRESS = testAddress(1);
/** L1's logs: which claim stands in which block. */
type Played = { head: bigint; finalized: bigint; claims: [n: number, block: bigint][] };

const claimOf = (n: number) => ({
  id: task.id,
  claimant: testAddress(n),
  taskHash: taskHash(task),
  seed: ZERO_HASH,
  resultRoot: ZERO_HASH,
  trajectoryRoot: ZERO_HASH,
  consumed: [],
  output: "0x" as const,
  salt: ZERO_HASH,
  failure: NO_FAILURE,
});

function play(l1: Played) {
  const asked: bigint[] = [];
  const client = {
    getBlockNumber: async () => l1.head,
    getBlock: async () => ({ number: l1.finalized }),
    getContractEvents: async ({ fromBlock, toBlock }: { fromBlock: bigint; toBlock: bigint }) => {
      asked.push(fromBlock);
      return l1.claims
        .filter(([, block]) => fromBlock <= block && block <= toBlock)
        .map(([n, blockNumber]) => {
          const claim = claimOf(n);
          return { args: { claimHash: claimHash(claim), task, claim, dataUrl: "" }, blockNumber };
        });
    },
  } as unknown as PublicClient;
  const log = openClaimLog(client, ADDRESS, 10n);
  const blocks = async () =>
    [...(await log.read()).values()].map(({ claim, l1Block }) => [
      BigInt(claim.claimant) === BigInt(testAddress(1)) ? 1 : 2,
      l1Block,
    ]);
  return { blocks, asked };
}

it("forgets a claim that a fork took while nobody looked, though later blocks are final by then", async () => {
  const l1: Played = { head: 100n, finalized: 36n, claims: [[1, 95n]] };
  const { blocks } = play(l1);
  expect(await blocks()).toEqual([[1, 95n]]);
  Object.assign(l1, { head: 300n, finalized: 236n, claims: [[2, 250n]] });
  expect(await blocks()).toEqual([[2, 250n]]);
});

it("finds a claim where a fork has moved it, below what it has read", async () => {
  const l1: Played = { head: 100n, finalized: 36n, claims: [[1, 95n]] };
  const { blocks } = play(l1);
  await blocks();
  Object.assign(l1, { head: 98n, claims: [[1, 40n]] });
  expect(await blocks()).toEqual([[1, 40n]]);
});

it("reads no block again that was final when it was read", async () => {
  const l1: Played = { head: 100n, finalized: 36n, claims: [[1, 36n]] };
  const { blocks, asked } = play(l1);
  await blocks();
  l1.claims = [];
  expect(await blocks()).toEqual([[1, 36n]]);
  Object.assign(l1, { head: 101n, finalized: 101n });
  await blocks();
  await blocks();
  expect(asked).toEqual([10n, 37n, 37n, 101n]);
});
