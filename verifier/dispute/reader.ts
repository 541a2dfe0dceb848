import type { Abi, Address, Hex } from "viem";
import { type StepTrace, stepTraceHash } from "../../common/claim.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import { disputesAbi } from "../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { openDemandsReader } from "../claims/demands-reader.ts";
import type { L1 } from "../l1.ts";
import type { Fees } from "./budget.ts";
import type { ChallengeView } from "./game.ts";

/** What L1 says of the disputes around a claim. */
export type DisputeReader = {
  /** Challenges of one account, oldest first. */
  readonly challenges: (claimHash: Hex, challenger: Address, fromBlock: bigint) => Promise<readonly ChallengeView[]>;
  readonly pending: (claimHash: Hex, fromBlock: bigint) => Promise<readonly { key: Hex; due: bigint }[]>;
  /** Last L1 seconds for challenges of a claim, and for an account's questions about it. */
  readonly until: (claimHash: Hex, account: Address) => Promise<{ challengeable: bigint; askable: bigint }>;
  /** Whether an account has asked for anything of a claim. */
  readonly wasAsked: (claimHash: Hex, asker: Address, fromBlock: bigint) => Promise<boolean>;
  /** Roots of the steps of a segment that was opened. */
  readonly openedSteps: (claimHash: Hex, segment: number, fromBlock: bigint) => Promise<readonly Hex[] | undefined>;
  /** Demands an account paid for, of which the fee still lies on L1. */
  readonly feesOpen: (claimHash: Hex, asker: Address, fromBlock: bigint) => Promise<readonly Hex[]>;
  /** The account won this claim's bond and has not collected it. */
  readonly rewardOpen: (claimHash: Hex, winner: Address, fromBlock: bigint) => Promise<boolean>;
  /** What an account has put on L1 for demands on a claim; the halves of open fees that burned at once not counted. */
  readonly askedWei: (claimHash: Hex, asker: Address, fromBlock: bigint) => Promise<bigint>;
  /** Of the next question about a claim. */
  readonly fees: (claimHash: Hex) => Promise<Fees>;
  /** Whether the job of a claim is void. */
  readonly isVoid: (claimHash: Hex) => Promise<boolean>;
  /** What overturning a claim earns: half of its bond (P7.7). */
  readonly rewardWei: () => Promise<bigint>;
};

type ChallengeRecord = {
  readonly waitsFor: Hex;
  readonly segment: number;
  readonly step: number;
  readonly l1Block: bigint;
  readonly status: number;
};

export function openDisputeReader(l1: L1): DisputeReader {
  const { client, contracts } = l1;
  const demands = openDemandsReader(l1);
  async function events<T>(
    address: Address,
    abi: Abi,
    eventName: string,
    args: object,
    fromBlock: bigint,
  ): Promise<T[]> {
    const logs = await client.getContractEvents({ address, abi, eventName, args, fromBlock, strict: true });
    return logs.map((log) => (log as unknown as { args: T }).args);
  }
  async function challengeOf(challengeId: Hex): Promise<ChallengeView> {
    const view = { address: contracts.disputes, abi: disputesAbi as Abi, args: [challengeId] };
    const [record, moveBy] = await Promise.all([
      client.readContract({ ...view, functionName: "challengeOf" }) as Promise<ChallengeRecord>,
      client.readContract({ ...view, functionName: "moveBy" }) as Promise<bigint>,
    ]);
    const { status, segment, step, l1Block, waitsFor } = record;
    const waiting = waitsFor !== ZERO_HASH && (await demands.demand(waitsFor)).answeredAt === 0n;
    return { challengeId, status, segment, step, l1Block, waiting, moveBy };
  }
  return {
    challenges: async (claimHash, challenger, fromBlock) => {
      const args = { claimHash, challenger };
      const made = await events<{ challengeId: Hex }>(
        contracts.disputes,
        disputesAbi as Abi,
        "Challenged",
        args,
        fromBlock,
      );
      return Promise.all(made.map(({ challengeId }) => challengeOf(challengeId)));
    },
    pending: async (claimHash, fromBlock) => {
      const asked = await demands.pending(claimHash, fromBlock);
      return Promise.all(asked.map(async ({ key }) => ({ key, due: (await demands.demand(key)).due })));
    },
    fees: async (claimHash) => {
      const fee = (functionName: string, args: readonly unknown[] = []) =>
        client.readContract({
          address: contracts.demands,
          abi: demandsAbi as Abi,
          functionName,
          args,
        }) as Promise<bigint>;
      const [openFeeWei, chunkFeeWei, pageFeeWei] = await Promise.all([
        fee("openFeeWei", [claimHash]),
        fee("chunkFeeWei"),
        fee("pageFeeWei"),
      ]);
      return { openFeeWei, chunkFeeWei, pageFeeWei };
    },
    until: async (claimHash, account) => {
      const view = { address: contracts.demands, abi: demandsAbi as Abi, args: [claimHash, account] };
      const [challengeable, askable] = await Promise.all([
        client.readContract({ ...view, functionName: "challengeableUntil", args: [claimHash] }) as Promise<bigint>,
        client.readContract({ ...view, functionName: "askableUntil" }) as Promise<bigint>,
      ]);
      return { challengeable, askable };
    },
    wasAsked: async (claimHash, asker, fromBlock) =>
      (await events(contracts.demands, demandsAbi as Abi, "Asked", { claimHash, asker }, fromBlock)).length > 0,
    feesOpen: demands.uncollected,
    askedWei: demands.askedWei,
    isVoid: (claimHash) =>
      client.readContract({
        address: contracts.resultClaims,
        abi: resultClaimsAbi,
        functionName: "isVoid",
        args: [claimHash],
      }),
    rewardWei: async () => {
      const view = { address: contracts.resultClaims, abi: resultClaimsAbi as Abi, functionName: "bondWei" };
      return ((await client.readContract({ ...view, args: [0] })) as bigint) / 2n;
    },
    openedSteps: async (claimHash, segment, fromBlock) => {
      type Published = { segment: number; traces: readonly StepTrace[] };
      const abi = demandsAbi as Abi;
      const published = await events<Published>(contracts.demands, abi, "TracesPublished", { claimHash }, fromBlock);
      return published.find((opened) => opened.segment === segment)?.traces.map(stepTraceHash);
    },
    rewardOpen: async (claimHash, winner, fromBlock) => {
      const abi = resultClaimsAbi as Abi;
      const won = await events(contracts.resultClaims, abi, "ResultOverturned", { claimHash, winner }, fromBlock);
      if (won.length === 0) return false;
      return (await events(contracts.resultClaims, abi, "BondCollected", { claimHash }, fromBlock)).length === 0;
    },
  };
}
