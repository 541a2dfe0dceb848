import { type Address, decodeAbiParameters, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { structHash } from "./hash.ts";

/** An element that no result is right of (P15). Field order is the ABI order. */
export interface Failure {
  /** Steps of the run up to the one that fails, which is the last of them; 0: none failed. */
  readonly steps: number;
  readonly node: number;
  /** Flat index in the node's output. */
  readonly element: bigint;
}

export const NO_FAILURE: Failure = { steps: 0, node: 0, element: 0n };

/** A bonded statement of a task's result (P6). Field order is the ABI order. */
export interface ResultClaim {
  readonly id: Hex;
  readonly claimant: Address;
  readonly taskHash: Hex;
  readonly seed: Hex;
  readonly resultRoot: Hex;
  readonly trajectoryRoot: Hex;
  readonly consumed: readonly Hex[];
  readonly output: Hex;
  /** Tells a claim from an earlier one of the same result: no hash is claimed twice. */
  readonly salt: Hex;
  readonly failure: Failure;
}

export const failureComponents = [
  { name: "steps", type: "uint32" },
  { name: "node", type: "uint32" },
  { name: "element", type: "uint64" },
] as const;

export const claimComponents = [
  { name: "id", type: "bytes32" },
  { name: "claimant", type: "address" },
  { name: "taskHash", type: "bytes32" },
  { name: "seed", type: "bytes32" },
  { name: "resultRoot", type: "bytes32" },
  { name: "trajectoryRoot", type: "bytes32" },
  { name: "consumed", type: "bytes32[]" },
  { name: "output", type: "bytes" },
  { name: "salt", type: "bytes32" },
  { name: "failure", type: "tuple", components: failureComponents },
] as const;

export const claimParameter = { type: "tuple", components: claimComponents } as const;
export const claimHash = (claim: ResultClaim): Hex => structHash("ResultClaim", [claimParameter], [claim]);
export const encodeClaim = (claim: ResultClaim): Hex => encodeAbiParameters([claimParameter], [claim]);
export const decodeClaim = (bytes: Hex): ResultClaim => decodeAbiParameters([claimParameter], bytes)[0];

export const hasFailed = ({ failure }: Pick<ResultClaim, "failure">): boolean => failure.steps !== 0;

/** What is committed one L1 block ahead of an unreserved claim, so that copying it earns nothing (P6.3). */
export const commitment = (hash: Hex, sender: Address, salt: Hex): Hex =>
  keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "address" }, { type: "bytes32" }], [hash, sender, salt]));

/** Step trace preimage (P5.8). */
export interface StepTrace {
  readonly stateIn: Hex;
  readonly feedsRoot: Hex;
  readonly exactRoot: Hex;
  readonly looseRoot: Hex;
  readonly stateOut: Hex;
}

export const stepTraceHash = (step: StepTrace): Hex =>
  structHash(
    "Step",
    Array.from({ length: 5 }, () => ({ type: "bytes32" })),
    [step.stateIn, step.feedsRoot, step.exactRoot, step.looseRoot, step.stateOut],
  );

/** Leaf of the trajectory (P5.9). */
export interface SegmentLeaf {
  readonly index: number;
  readonly endState: Hex;
  readonly metricsRoot: Hex;
  readonly stepsRoot: Hex;
}

export const segmentLeafHash = (leaf: SegmentLeaf): Hex =>
  structHash(
    "Segment",
    [{ type: "uint32" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
    [leaf.index, leaf.endState, leaf.metricsRoot, leaf.stepsRoot],
  );

/** Metrics leaf: the loss's fp32 bits, right-aligned in a word (P5.9). */
export const metricLeaf = (lossBits: number | bigint): Hex => `0x${lossBits.toString(16).padStart(64, "0")}`;
