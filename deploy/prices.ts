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

/**
 * A claim's bond covers what an honest claimant spends on answering about one step: the openings of its segment and step, the
 * chunks of two states and of its largest operands (some 10,000), and a challenger's gas for a dispute (10M at 10 gwei).
 */
export const defaultPrices: Prices = {
  reserveBondWei: parseEther("0.05"),
  claimBondWei: parseEther("1"),
  softBondWei: parseEther("0.5"),
  challengeBondWei: parseEther("0.1"),
  openFeeWei: parseEther("0.002"),
  chunkFeeWei: parseEther("0.00005"),
};
