// What L1 tells of claims.
import { type Hex, keccak256 } from "viem";
import type { ClaimedMessage, Message } from "../../../common/message.ts";
import { testAddress } from "../../support/transactions.ts";

export const CLAIMANT = testAddress(9);

/** A claim of a result, 42 where it is shown, that prefers its window to acting at once. */
export const claimed = (id: Hex, more: Partial<ClaimedMessage> = {}): ClaimedMessage => ({
  kind: 3,
  id,
  claimHash: keccak256(id),
  claimant: CLAIMANT,
  resultRoot: keccak256(id),
  soft: false,
  consumed: [],
  output: "0x2a",
  failedSteps: 0,
  ...more,
});

/** One that acts at once. */
export const claimedSoft = (id: Hex, more: Partial<ClaimedMessage> = {}): ClaimedMessage =>
  claimed(id, { soft: true, ...more });

type Claim = Pick<ClaimedMessage, "id" | "claimHash">;

export const overturnedAfter = ({ id, claimHash }: Claim, lostSeconds: bigint): Message => ({
  kind: 4,
  id,
  claimHash,
  lostSeconds,
});
export const overturned = (claim: Claim): Message => overturnedAfter(claim, 0n);
export const final = ({ id, claimHash }: Claim): Message => ({ kind: 5, id, claimHash });

/** Claimed, and final in the same block. */
export const done = (id: Hex, more: Partial<ClaimedMessage> = {}): Message[] => {
  const claim = claimed(id, more);
  return [claim, final(claim)];
};
