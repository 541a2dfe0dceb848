import { type Hex, hexToNumber, slice } from "viem";
import type { TensorData } from "../tensor/tensor.ts";

/** 2⁻²⁴, the largest relative error of one rounding. */
export const UNIT_ROUNDOFF = 2 ** -24;
const SKETCHES = 8;

/**
 * What a claim's sums leave of their tolerance, over all steps that were looked at; a residual is (claimed − own) / (u·A), own being
 * computed from the claimed operands and A the sum of the terms' absolute values. Nobody is wrong because of these figures
 * (docs/numerics.md §6): a machine may round as it likes. They tell a machine's rounding from somebody who uses the tolerance up.
 */
export type Drift = {
  /** Elements of sums that were compared; those that are equal are among them. */
  readonly elements: number;
  /** Root of the mean square, and the largest. */
  readonly rms: number;
  readonly largest: number;
  /**
   * ‖Σₜ r‖² / Σₜ ‖r‖² of the node where it is largest, estimated by random projections: about 1 where the residuals of different
   * steps have nothing to do with each other, the number of steps where they are always the same. 0 if all are 0.
   */
  readonly coherence: number;
  /** That node. */
  readonly node: number;
};

type Sum = {
  elements: number;
  energy: number;
  largest: number;
  /** Σₜ of each projection, and the sum of their squares. */
  readonly together: Float64Array;
  apart: number;
};

/** Sums up residuals node by node, of the steps of one claim in whatever order. */
export type Residuals = {
  /** Of one node in one step. `magnitude`: A by element. */
  readonly add: (node: number, own: TensorData, claimed: TensorData, magnitude: TensorData) => void;
  readonly sums: ReadonlyMap<number, Sum>;
};

/** @param secret draws the projections: who knew them could keep out of them */
export function openResiduals(secret: Hex): Residuals {
  const seed = hexToNumber(slice(secret, 0, 4));
  const sums = new Map<number, Sum>();
  return {
    sums,
    add(node, own, claimed, magnitude) {
      const sum = sums.get(node) ?? {
        elements: 0,
        energy: 0,
        largest: 0,
        together: new Float64Array(SKETCHES),
        apart: 0,
      };
      sums.set(node, sum);
      const projections = new Float64Array(SKETCHES);
      sum.elements += claimed.length;
      for (let i = 0; i < claimed.length; i++) {
        const difference = Number(claimed[i]) - Number(own[i]);
        if (difference === 0) continue;
        const residual = difference / (UNIT_ROUNDOFF * Number(magnitude[i]));
        // A magnitude that overflows says nothing, nor does one of denormal terms.
        if (!Number.isFinite(residual)) continue;
        sum.energy += residual * residual;
        sum.largest = Math.max(sum.largest, Math.abs(residual));
        const signs = mixed(i ^ seed);
        for (let k = 0; k < SKETCHES; k++) projections[k]! += (signs >>> k) & 1 ? residual : -residual;
      }
      for (let k = 0; k < SKETCHES; k++) {
        sum.together[k]! += projections[k]!;
        sum.apart += projections[k]! ** 2;
      }
    },
  };
}

/** Undefined if no sum was compared. */
export function driftOf({ sums }: Residuals): Drift | undefined {
  if (sums.size === 0) return undefined;
  let [elements, energy, largest, coherence, node] = [0, 0, 0, -1, -1];
  for (const [of, sum] of sums) {
    elements += sum.elements;
    energy += sum.energy;
    largest = Math.max(largest, sum.largest);
    const own = coherenceOf(sum);
    if (own > coherence) [coherence, node] = [own, of];
  }
  return { elements, rms: Math.sqrt(energy / elements), largest, coherence, node };
}

const coherenceOf = ({ together, apart }: Sum): number =>
  apart === 0 ? 0 : together.reduce((total, projection) => total + projection ** 2, 0) / apart;

/** 32 bits that look random in an index: the finalizer of MurmurHash3 (Appleby), whose every output bit hangs on every input bit. */
function mixed(index: number): number {
  let bits = Math.imul(index ^ (index >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
