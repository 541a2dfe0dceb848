import { expect, it } from "vitest";
import { driftOf, openResiduals, UNIT_ROUNDOFF } from "../../../verifier/check/residuals.ts";
import { uniform } from "../../support/tensors.ts";

const SECRET = `0x${"5a".repeat(32)}` as const;
const LENGTH = 1000;
const zeros = new Float32Array(LENGTH);
const ones = new Float32Array(LENGTH).fill(1);
const of = (residual: (i: number) => number) => Float32Array.from(zeros, (_, i) => residual(i) * UNIT_ROUNDOFF);
const random = uniform(4);
const noise = () => of(() => 2 * random() - 1);

function driftAfter(steps: number, residuals: (step: number) => Float32Array) {
  const collected = openResiduals(SECRET);
  for (let step = 0; step < steps; step++) collected.add(3, zeros, residuals(step), ones);
  return driftOf(collected)!;
}

it("nothing compared is no drift; equal values have none", () => {
  expect(driftOf(openResiduals(SECRET))).toBeUndefined();
  const equal = { elements: 2 * LENGTH, rms: 0, largest: 0, coherence: 0, node: 3 };
  expect(driftAfter(2, () => zeros)).toEqual(equal);
});

it("is in units of u·A", () => {
  const collected = openResiduals(SECRET);
  const [own, claimed, magnitude] = [8, 8 + 3 * 8 * UNIT_ROUNDOFF, 8].map((value) => Float64Array.of(value));
  collected.add(0, own as never, claimed as never, magnitude as never);
  expect(driftOf(collected)).toMatchObject({ rms: 3, largest: 3, elements: 1 });
});

it("tells residuals that add up from those that do not", () => {
  const steps = 200;
  const independent = driftAfter(steps, noise);
  expect(independent.coherence).toBeGreaterThan(0.1);
  expect(independent.coherence).toBeLessThan(4);
  const push = noise();
  expect(driftAfter(steps, () => push).coherence).toBeCloseTo(steps, 6);
  // A push of a tenth of the noise: the energy does not show it, T·0.01 in the coherence does.
  const hidden = driftAfter(2000, () => {
    const rounding = noise();
    return rounding.map((value, i) => value + 0.3 * push[i]!);
  });
  expect(hidden.rms).toBeLessThan(1.1 * independent.rms);
  expect(hidden.coherence).toBeGreaterThan(50);
});

it("does not hang on the order of the steps", () => {
  const pushes = Array.from({ length: 6 }, noise);
  const forward = driftAfter(6, (step) => pushes[step]!);
  const backward = driftAfter(6, (step) => pushes[5 - step]!);
  expect(backward.coherence).toBeCloseTo(forward.coherence, 9);
  expect(backward.rms).toBeCloseTo(forward.rms, 9);
});

it("leaves out what has no finite magnitude, and names the most coherent node", () => {
  const collected = openResiduals(SECRET);
  collected.add(
    1,
    zeros,
    of(() => 2),
    zeros,
  );
  collected.add(
    1,
    zeros,
    of(() => 2),
    new Float32Array(LENGTH).fill(Number.POSITIVE_INFINITY),
  );
  expect(driftOf(collected)).toMatchObject({ rms: 0, largest: 0, coherence: 0 });
  const push = noise();
  for (let step = 0; step < 20; step++) {
    collected.add(4, zeros, noise(), ones);
    collected.add(5, zeros, push, ones);
    collected.add(6, zeros, noise(), ones);
  }
  expect(driftOf(collected)).toMatchObject({ node: 5 });
});
