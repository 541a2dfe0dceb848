import type { Address, Hex, PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { disputesAbi } from "../../common/contracts/disputes.ts";
import { ZERO_HASH } from "../../common/hash.ts";

/** `CHALLENGE_…` of IDisputes.sol, in order; 0 is none. */
const STATUS = ["none", "live", "lapsed", "lost", "won", "refunded"] as const;
/** `NO_STEP` of IDisputes.sol. */
const NO_STEP = 2 ** 32 - 1;
const FOR_EVER = 2n ** 64n - 1n;
/** Challenges of one claim that are read at once. */
const MAX_CHALLENGES = 100;

/** A challenge as the Disputes contract holds it. */
export interface DisputeView {
  readonly challengeId: Hex;
  readonly claimHash: Hex;
  readonly challenger: Address;
  readonly status: (typeof STATUS)[number];
  readonly segment: number;
  /** Within the segment; null until the challenger has named it. */
  readonly step: number | null;
  /** The opening it waits for, if any. */
  readonly waitsFor: Hex | null;
  readonly l1Block: bigint;
  /** L1 second by which the challenger must move; null while it waits for the claimant. */
  readonly moveBy: bigint | null;
}

/** Disputes as L1 has them now. Not verified further: what follows from them for the chain comes through the inbox. */
export interface DisputeSource {
  /** The newest challenges of one claim, oldest first. */
  ofClaim(claimHash: Hex): Promise<readonly DisputeView[]>;
  byId(challengeId: Hex): Promise<DisputeView | undefined>;
}

export function disputeSource(client: PublicClient, { contracts, deployedAtL1Block }: ChainFile): DisputeSource {
  const contract = { address: contracts.disputes, abi: disputesAbi } as const;

  async function byId(challengeId: Hex): Promise<DisputeView | undefined> {
    const [record, moveBy] = await Promise.all([
      client.readContract({ ...contract, functionName: "challengeOf", args: [challengeId] }),
      client.readContract({ ...contract, functionName: "moveBy", args: [challengeId] }),
    ]);
    const { claimHash, challenger, status, segment, step, waitsFor, l1Block } = record;
    if (status === 0) return undefined;
    return {
      challengeId,
      claimHash,
      challenger,
      status: STATUS[status] ?? "none",
      segment,
      step: step === NO_STEP ? null : step,
      waitsFor: waitsFor === ZERO_HASH ? null : waitsFor,
      l1Block,
      moveBy: moveBy === FOR_EVER ? null : moveBy,
    };
  }

  return {
    byId,
    async ofClaim(claimHash) {
      const made = await client.getContractEvents({
        ...contract,
        eventName: "Challenged",
        args: { claimHash },
        fromBlock: deployedAtL1Block,
        strict: true,
      });
      const views = await Promise.all(made.slice(-MAX_CHALLENGES).map(({ args }) => byId(args.challengeId)));
      return views.filter((view) => view !== undefined);
    },
  };
}
