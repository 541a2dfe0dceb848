import { parseEther } from "viem";

/** Bonds and fees of results and disputes, in wei; `contracts/types/Prices.sol` says what each is for. */
export interface Prices {
  readonly reserveBondWei: bigint;
  readonly claimBondWei: bigint;
  readonly softBondWei: bigint;
  readonly challengeBondWei: bigint;
  readonly openFeeWei: bigint;
  readonly chunkFeeWei: bigint;
}

/** What all prices reckon with. They are immutable: a deployment on an L1 that is dearer for long scales all of them alike. */
export const RECKONED_GAS_PRICE_WEI = 2n * 10n ** 9n;
/** Of L1, for each chunk in the largest answer: 1,037 bytes of calldata at 40 (EIP-7623) and the hashing. */
const CHUNK_ANSWER_GAS = 45_000n;

/**
 * A claim's bond covers what an honest claimant spends on answering about one step: the openings of its segment and step, the
 * chunks of two states and of its largest operands (some 10,000), and a challenger's gas for a dispute (10M). What an answer
 * costs is in its fee: nobody can be made to give up a claim by questions.
 */
export const defaultPrices: Prices = {
  reserveBondWei: parseEther("0.05"),
  claimBondWei: parseEther("1"),
  softBondWei: parseEther("0.5"),
  challengeBondWei: parseEther("0.1"),
  openFeeWei: parseEther("0.002"),
  chunkFeeWei: CHUNK_ANSWER_GAS * RECKONED_GAS_PRICE_WEI,
};
