import type { Hex } from "viem";
import { encodeFunctionData, size, slice } from "viem";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { createGasMeter, type GasMeter } from "../../support/gas-meter.ts";
import type { LeafContext } from "./leaf-case.ts";

export const VERIFIERS = [
  "Arithmetic",
  "Transcendental",
  "Selection",
  "Dot",
  "Reduce",
  "Conv",
  "Pool",
  "Movement",
  "Root",
  "Content",
  "Canonical",
  "Sum",
] as const;
export type VerifierName = (typeof VERIFIERS)[number];

/** As LeafRouter assigns them. */
export function verifierOf(kind: number, op: number): VerifierName {
  if (kind === 2 || kind === 3 || kind === 5) return "Root";
  if (kind === 4 || kind === 6 || kind === 7) return "Content";
  if (kind === 8 || kind === 9) return "Canonical";
  if (kind === 11) return "Sum";
  if (op >= 9 && op <= 13) return "Transcendental";
  if (op <= 16) return "Arithmetic";
  if (op <= 29) return "Selection";
  if (op <= 41) return "Dot";
  if (op <= 46) return "Reduce";
  if (op <= 51) return "Conv";
  return op <= 52 ? "Pool" : "Movement";
}

export interface Verdict {
  readonly wrong: boolean;
  readonly executionGas: bigint;
  /** What a transaction with this call costs: 21,000, calldata or its floor (EIP-7623), execution. */
  readonly transactionGas: bigint;
}

const artifacts = readArtifacts();
const meters = new Map<VerifierName, Promise<GasMeter>>();
const artifactOf = (name: VerifierName) => artifacts(`l1/verifiers/${name}Verifier`);

/** Where verifiers that add find the contract that compares sums. */
export const SUMS_ADDRESS: Hex = "0x000000000000000000000000000000000000a500";
export const sumsCode = (): Hex => artifacts("l1/verifiers/TolerantSums").deployedBytecode;

/** A verifier's runtime code, its only immutable filled in. */
export function codeOf(name: VerifierName): Hex {
  const { deployedBytecode, immutableReferences = {} } = artifactOf(name);
  const word = SUMS_ADDRESS.slice(2).padStart(64, "0");
  return Object.values(immutableReferences)
    .flat()
    .reduce<Hex>(
      (code, { start }) => `${code.slice(0, 2 + 2 * start)}${word}${code.slice(2 + 2 * start + 64)}` as Hex,
      deployedBytecode,
    );
}

/** Bytes of a verifier's runtime code. */
export const codeSize = (name: VerifierName): number => size(artifactOf(name).deployedBytecode);

/** Asks the verifier; rejects with `RevertedError` where it reverts. */
export async function judge(context: LeafContext, kind: number, witness: Hex, by?: VerifierName): Promise<Verdict> {
  const op = kind === 1 || kind === 12 ? Number(BigInt(slice(witness, 0, 32))) : 0;
  const name = by ?? verifierOf(kind, op);
  const meter =
    meters.get(name) ??
    createGasMeter({ ...artifactOf(name), deployedBytecode: codeOf(name) }, { [SUMS_ADDRESS]: sumsCode() });
  meters.set(name, meter);
  const args = [context, kind, witness];
  const { result, gas } = await (await meter).call("judge", args);
  const data = encodeFunctionData({ abi: artifactOf(name).abi, functionName: "judge", args });
  const zeros = data
    .slice(2)
    .match(/../g)!
    .filter((byte) => byte === "00").length;
  const tokens = BigInt(zeros + 4 * (size(data) - zeros));
  const floor = 21_000n + 10n * tokens;
  const standard = 21_000n + 4n * tokens + gas;
  return { wrong: result as boolean, executionGas: gas, transactionGas: standard > floor ? standard : floor };
}
