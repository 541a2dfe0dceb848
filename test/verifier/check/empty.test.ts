// Values without elements (docs/protocol.md P0.5): under another root than 0 nobody could show what stands there.
import type { Hex } from "viem";
import { expect, test } from "vitest";
import { PLACE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { emptyViolation } from "../../../verifier/check/step.ts";
import { buildCanonicalWitness, nameValue } from "../../../verifier/witness/canonical.ts";
import { contextOf, type LeafCase, oneNode, sourceOf } from "../../contracts/leaf/leaf-case.ts";
import { judge } from "../../contracts/leaf/verifiers.ts";

const JUNK: Hex = `0x${"bad0".repeat(16)}`;
const honest = oneNode("Neg", [{ dtype: "float32", shape: [0, 3], data: new Float32Array() }]);

test("are found where they have one, by their place, and L1 calls that wrong", async () => {
  expect(honest.roots).toMatchObject({ feeds: [ZERO_HASH], stateOut: [ZERO_HASH] });
  expect(emptyViolation(honest.graph, honest.roots)).toBeUndefined();
  for (const [list, place] of [
    ["feeds", PLACE.feed],
    ["stateOut", PLACE.nextState],
  ] as const) {
    const lied: LeafCase = { ...honest, roots: { ...honest.roots, [list]: [JUNK] } };
    const violation = { kind: "canonical", place, index: 0, element: 0, isEmpty: true };
    expect(emptyViolation(lied.graph, lied.roots)).toEqual(violation);
    const name = nameValue(lied.encoded, place, 0);
    const witness = buildCanonicalWitness(sourceOf(lied), name, { chunk: 0, data: new Uint8Array(), proof: [] });
    expect((await judge(contextOf(lied), 8, witness)).wrong).toBe(true);
    expect(
      (await judge(contextOf(honest), 8, buildCanonicalWitness(sourceOf(honest), name, { chunk: 0, proof: [] }))).wrong,
    ).toBe(false);
  }
});
