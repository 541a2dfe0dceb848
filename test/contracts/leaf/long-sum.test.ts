// Kind 11: products of more terms than one proof adds up, by what their claimant published of their parts (P7.10).
import { encodeAbiParameters, type Hex, keccak256 } from "viem";
import { describe, expect, test } from "vitest";
import type { ProfileName } from "../../../common/job.ts";
import { leafOf } from "../../../verifier/model/leaf.ts";
import { PART_TERMS, publishedOf, wrongPart } from "../../../verifier/model/parts.ts";
import { lieOf } from "../../../verifier/ops/judge.ts";
import { buildPartWitness } from "../../../verifier/witness/part.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { contextOf, type LeafCase, oneNode, outputOf, sourceOf, testedNode, withLie } from "./leaf-case.ts";
import { judge } from "./verifiers.ts";

const PROFILES = ["strict", "tolerant"] as const;
const random = uniform(5);
const matrix = (...shape: number[]) => randomTensor(random, "float32", shape, -1, 1);

/** Disputes hands on what was opened before the witness. */
const handedOn = (published: Uint8Array, witness: Hex): Hex =>
  encodeAbiParameters([{ type: "bytes32" }, { type: "bytes" }], [keccak256(published), witness]);

const at = (leaf: LeafCase, element: number, profile: ProfileName) => ({
  graph: leaf.graph,
  node: testedNode(leaf),
  element,
  profile,
  tensorAt: (id: number) => leaf.values[id]!,
});

async function verdict(leaf: LeafCase, element: number, profile: ProfileName, part: number, published: Uint8Array) {
  const node = testedNode(leaf);
  const witness = await buildPartWitness(sourceOf(leaf), { node, element, part, published }, profile);
  return judge(contextOf(leaf, profile), 11, handedOn(published, witness));
}

const bias = matrix(3);
const products = {
  gemm: (terms: number) => oneNode("Gemm", [matrix(2, terms), matrix(terms, 3), bias], { transA: 0, transB: 0 }),
  turned: (terms: number) =>
    oneNode("Gemm", [matrix(terms, 2), matrix(3, terms)], { transA: 1, transB: 1 }, { turn: 1 }),
  matmul: (terms: number) =>
    oneNode("MatMul", [matrix(2, 2, terms), matrix(2, terms, 3)], {}, { turn: 3, inner: true }),
};
type Name = keyof typeof products;
const names = Object.keys(products) as Name[];

const LENGTHS = [PART_TERMS + 1, 2 * PART_TERMS, 2 * PART_TERMS + 7];
/** Each length, product and profile once; the long suite has all of them together. */
const CASES: readonly (readonly [number, Name, ProfileName])[] =
  process.env.ANH_LONG === "1"
    ? LENGTHS.flatMap((terms) => names.flatMap((name) => PROFILES.map((profile) => [terms, name, profile] as const)))
    : [
        [PART_TERMS + 1, "gemm", "strict"],
        [PART_TERMS + 1, "turned", "tolerant"],
        [2 * PART_TERMS + 7, "matmul", "tolerant"],
      ];

for (const [terms, name, profile] of CASES)
  describe(`${terms} terms, ${profile}`, () => {
    const parts = Math.ceil(terms / PART_TERMS);
    const leaf = products[name](terms);
    test(`${name}: every part of an honest element stands`, async () => {
      const element = 4;
      const published = publishedOf(at(leaf, element, profile));
      for (let part = 0; part < (profile === "tolerant" ? parts + 1 : parts); part++)
        expect((await verdict(leaf, element, profile, part, published)).wrong, `part ${part}`).toBe(false);
      await expect(
        verdict(leaf, element, profile, profile === "tolerant" ? parts + 1 : parts, published).then(() => {}),
      ).rejects.toThrow();
    });
    test(`${name}: a false element falls with the last of its parts`, async () => {
      const element = 5;
      const node = testedNode(leaf);
      const { bound } = leafOf(leaf.graph, node, element, (id) => leaf.values[id]!);
      const honest = outputOf(leaf, node).data[element]!;
      const amount =
        profile === "strict" ? ({ unit: "ulp", count: 1 } as const) : ({ unit: "tol", factor: 1.001 } as const);
      const lied = withLie(leaf, node, element, lieOf(bound, "float32", honest, amount)!);
      const published = publishedOf(at(lied, element, profile));
      const part = wrongPart(at(lied, element, profile), published);
      expect(part).toBe(profile === "tolerant" ? parts : parts - 1);
      expect((await verdict(lied, element, profile, part, published)).wrong).toBe(true);
      expect((await verdict(lied, element, profile, 0, published)).wrong).toBe(false);
    });
  });

describe("a part that is published falsely", () => {
  const leaf = products.gemm(2 * PART_TERMS + 7);
  const flipped = (published: Uint8Array, at: number): Uint8Array => {
    const copy = published.slice();
    copy[at]! ^= 1;
    return copy;
  };

  test.each([1])("running value %i: it falls, and no part before it", async (part) => {
    const published = flipped(publishedOf(at(leaf, 1, "strict")), 4 * part);
    expect(wrongPart(at(leaf, 1, "strict"), published)).toBe(part);
    expect((await verdict(leaf, 1, "strict", part, published)).wrong).toBe(true);
    if (part > 0) expect((await verdict(leaf, 1, "strict", part - 1, published)).wrong).toBe(false);
  });

  test.each(process.env.ANH_LONG === "1" ? [0, 63, 64, 127, 128, 255, 383] : [64, 383])(
    "exact sums, byte %i",
    async (byte) => {
      const published = flipped(publishedOf(at(leaf, 1, "tolerant")), byte);
      const part = Math.floor(byte / 128);
      expect(wrongPart(at(leaf, 1, "tolerant"), published)).toBe(part);
      expect((await verdict(leaf, 1, "tolerant", part, published)).wrong).toBe(true);
      expect((await verdict(leaf, 1, "tolerant", (part + 1) % 3, published)).wrong).toBe(false);
    },
  );

  test("a running value that is no number", async () => {
    const published = publishedOf(at(leaf, 1, "strict"));
    new DataView(published.buffer).setUint32(0, 0x7fc00000, true);
    expect((await verdict(leaf, 1, "strict", 0, published)).wrong).toBe(true);
    await expect(verdict(leaf, 1, "strict", 1, published)).rejects.toThrow();
  });

  test("a part that leaves the range, whatever is said of it", async () => {
    const huge = matrix(2, PART_TERMS + 1);
    (huge.data as Float32Array)[PART_TERMS + 1] = 3e38; // row 1, first term
    const weights = matrix(PART_TERMS + 1, 3);
    (weights.data as Float32Array).fill(3e38, 0, 3);
    const overflown = oneNode("Gemm", [huge, weights], { transA: 0, transB: 0 });
    const finite = withLie(overflown, testedNode(overflown), 3, 1);
    for (const profile of PROFILES) {
      const published = new Uint8Array(profile === "strict" ? 4 : 256);
      expect(wrongPart(at(finite, 3, profile), published)).toBe(0);
      expect((await verdict(finite, 3, profile, 0, published)).wrong).toBe(true);
    }
  });
});

describe("no witness", () => {
  const leaf = products.gemm(PART_TERMS + 1);
  const node = testedNode(leaf);

  test("over other bytes than those that were opened", async () => {
    const published = publishedOf(at(leaf, 1, "strict"));
    const witness = await buildPartWitness(sourceOf(leaf), { node, element: 1, part: 1, published }, "strict");
    await expect(judge(contextOf(leaf), 11, handedOn(new Uint8Array(4), witness))).rejects.toMatchObject({
      errorName: "NotOpened",
    });
  });

  test("of another element than the one that was opened", async () => {
    const published = publishedOf(at(leaf, 1, "strict"));
    const witness = await buildPartWitness(sourceOf(leaf), { node, element: 1, part: 1, published }, "strict");
    const renamed = `${witness.slice(0, 2 + 64)}${"2".padStart(64, "0")}${witness.slice(2 + 128)}` as Hex;
    await expect(judge(contextOf(leaf), 11, handedOn(published, renamed))).rejects.toMatchObject({
      errorName: "AnotherElement",
    });
  });

  test("of a product that one proof adds up", async () => {
    const short = products.gemm(PART_TERMS);
    const published = new Uint8Array(0);
    const witness = await buildPartWitness(sourceOf(short), { node, element: 1, part: 0, published }, "strict");
    await expect(judge(contextOf(short), 11, handedOn(published, witness))).rejects.toMatchObject({
      errorName: "NotInParts",
    });
  });
});
