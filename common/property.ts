import { type Address, encodeAbiParameters, type Hex, keccak256, zeroAddress } from "viem";
import { ZERO_HASH } from "./hash.ts";

/** What a commission is measured by (P13). Field order is the ABI order. */
export interface Property {
  readonly heldOutRoot: Hex;
  readonly heldOutRows: bigint;
  readonly heldOutBytes: bigint;
  /** Rows drawn from them, with replacement, after the weights were delivered. */
  readonly samples: number;
  /** So many of the samples must be right. */
  readonly minCorrect: number;
  /** Who alone may deliver, and once: what a requester needs that shows its rows behind a delivery (P13.8); zero: anybody. */
  readonly deliverer: Address;
  readonly priceWei: bigint;
  /** Another contract on L1 that may call the weights wrong; zero: none. */
  readonly validator: Address;
  readonly validatorCodeHash: Hex;
}

/** That of a job in another profile. */
export const NO_PROPERTY: Property = {
  heldOutRoot: ZERO_HASH,
  heldOutRows: 0n,
  heldOutBytes: 0n,
  samples: 0,
  minCorrect: 0,
  deliverer: zeroAddress,
  priceWei: 0n,
  validator: zeroAddress,
  validatorCodeHash: ZERO_HASH,
};

export const propertyComponents = [
  { name: "heldOutRoot", type: "bytes32" },
  { name: "heldOutRows", type: "uint64" },
  { name: "heldOutBytes", type: "uint64" },
  { name: "samples", type: "uint32" },
  { name: "minCorrect", type: "uint32" },
  { name: "deliverer", type: "address" },
  { name: "priceWei", type: "uint256" },
  { name: "validator", type: "address" },
  { name: "validatorCodeHash", type: "bytes32" },
] as const;

/** An evaluation's counter is a float32, exact below 2²⁴ (P5.10). */
export const MAX_SAMPLES = 2 ** 24 - 1;
/** Of one commission that everybody may deliver for: the bond of the last would be all ether there is (P13.2). */
export const MAX_DELIVERIES = 32;

/** What a delivery shows of its weights: nobody but `claimant` can claim on it, nor learn what they are (P13.2). */
export const deliveryCommitment = (startRoot: Hex, claimant: Address, salt: Hex): Hex =>
  keccak256(
    encodeAbiParameters([{ type: "bytes32" }, { type: "address" }, { type: "bytes32" }], [startRoot, claimant, salt]),
  );
/** A row is drawn by a 32-bit word (P4.4). */
export const MAX_HELD_OUT_ROWS = 2n ** 32n - 1n;
