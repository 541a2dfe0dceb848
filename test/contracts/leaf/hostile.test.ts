// A witness has one form. Anything else reverts, which is no verdict: nobody gains or loses by it.
import { decodeAbiParameters, encodeAbiParameters, type Hex } from "viem";
import { beforeAll, describe, expect, test } from "vitest";
import { elementWitness } from "../../../verifier/witness/abi.ts";
import { buildElementWitness } from "../../../verifier/witness/element.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { contextOf, type LeafCase, oneNode, sourceOf, testedNode, withLie, withValue } from "./leaf-case.ts";
import { judge, VERIFIERS } from "./verifiers.ts";

const random = uniform(5);
const floats = (...shape: number[]) => randomTensor(random, "float32", shape, -4, 4);

// 1,300 bytes: two chunks, the last one shorter than 1 KiB, rows across the border; a constant and an inner value besides.
const leaf = oneNode("Gemm", [floats(5, 65), floats(65, 5), floats(5)], { transA: 0, transB: 0 }, { inner: true });
const node = testedNode(leaf);
const ELEMENT = 18; // row 3: bytes 780 … 1,039 of A

// biome-ignore lint/suspicious/noExplicitAny: tests deform witnesses in ways that have no type
type Loose = any;
let honest: Hex;
beforeAll(async () => {
  honest = await buildElementWitness(sourceOf(leaf), node, ELEMENT);
});

function deformed(change: (witness: Loose, op: bigint) => unknown): Hex {
  const [op, decoded] = decodeAbiParameters(elementWitness, honest);
  const witness = structuredClone(decoded) as Loose;
  const result = change(witness, op);
  return encodeAbiParameters(elementWitness, [typeof result === "bigint" ? result : op, witness]);
}

/** Replaces what stands at a dotted path of the witness. */
const at =
  (path: string, next: (old: Loose, witness: Loose) => unknown) =>
  (witness: Loose): void => {
    const keys = path.replaceAll("[", ".").replaceAll("]", "").split(".");
    const last = keys.pop()!;
    const holder = keys.reduce((value, key) => value[key], witness);
    holder[last] = next(holder[last], witness);
  };

const flip = (hex: Hex): Hex => `0x${(BigInt(hex) ^ 1n).toString(16).padStart(hex.length - 2, "0")}`;
const zero: Hex = `0x${"00".repeat(32)}`;

test("the honest witness is accepted, and opens two chunks for the row that crosses a border", async () => {
  const [, witness] = decodeAbiParameters(elementWitness, honest);
  expect(witness.openings.map(({ chunks }) => (chunks.length - 2) / 2)).toEqual([100, 1300, 1300, 20]);
  expect((await judge(contextOf(leaf), 1, honest)).wrong).toBe(false);
});

const deformations: readonly [title: string, change: (witness: Loose) => unknown, error: string][] = [
  ["a chunk with another byte", at("openings[1].chunks", flip), "RootMismatch"],
  ["a chunk of the output with another byte", at("openings[0].chunks", flip), "RootMismatch"],
  ["chunks cut short", at("openings[1].chunks", (old) => old.slice(0, -2)), "ChunkBytes"],
  ["chunks with a byte more", at("openings[1].chunks", (old) => `${old}00`), "ChunkBytes"],
  ["one chunk instead of two", at("openings[1].chunks", (old) => old.slice(0, 2 + 2048)), "ChunkBytes"],
  ["a surplus chunk proof", (w) => void w.openings[1].chunkProof.push(zero), "ProofLength"],
  ["a surplus root proof", (w) => void w.openings[1].rootProof.push(zero), "ProofLength"],
  ["a short root proof", (w) => void w.openings[0].rootProof.push(zero), "ProofLength"],
  ["a root that is not in the trace", at("openings[1].root", () => zero), "RootMismatch"],
  ["another operand's opening", at("openings[2]", (_, w) => w.openings[1]), "ProofLength"],
  ["openings exchanged", (w) => void w.openings.reverse(), "ProofLength"],
  ["one opening too few", (w) => void w.openings.pop(), "OpeningsMissing"],
  ["one opening too many", (w) => void w.openings.push(w.openings[0]), "OpeningsLeft"],
  ["no openings", at("openings", () => []), "OpeningsMissing"],
  ["an element beyond the output", at("element", () => 25n), "RangeOutOfTensor"],
  ["an element beyond 2^63", at("element", () => 2n ** 64n - 1n), "RangeOutOfTensor"],
  ["another element with the same openings", at("element", () => 0n), "ChunkBytes"],
  ["another shape of the output", at("node.node.outputs[0].shape", () => [25, 1]), "RootMismatch"],
  ["another shape of an operand", at("node.node.inputs[0].value.shape", () => [65, 5]), "RootMismatch"],
  ["another type of an operand", at("node.node.inputs[0].value.dtype", () => 6), "RootMismatch"],
  ["another place of an operand", at("node.node.inputs[0].value.place", () => 4), "RootMismatch"],
  ["another layout", at("node.node.inputs[1].layout", () => []), "RootMismatch"],
  ["other attributes", at("node.node.attributes", (old) => `${old.slice(0, -1)}1`), "RootMismatch"],
  ["other costs", at("node.node.flops", (old) => old + 1n), "RootMismatch"],
  ["another node's index", at("node.index", () => (node === 0 ? 1 : 0)), "RootMismatch"],
  ["a node beyond the graph", at("node.index", () => 99), "NoSuchNode"],
  ["a surplus node proof", (w) => void w.node.siblings.push({ hash: zero, flops: 0n, bytes_: 0n }), "ProofLength"],
  ["a short node proof", (w) => void w.node.siblings.pop(), "ProofLength"],
  ["a node proof with another sum", at("node.siblings[0].flops", (old) => old + 1n), "RootMismatch"],
  ["sums that overflow", at("node.siblings[0].flops", () => 2n ** 64n - 1n), "Panic"],
  ["a header with more nodes", at("header.header.nodes", (old) => old + 1), "RootMismatch"],
  ["a header of another kind", at("header.header.kind", () => 1), "RootMismatch"],
  ["a header that makes the tree deeper", at("header.header.nodes", (old) => old + 64), "ProofLength"],
  ["a header with fewer inner values", at("header.header.exactCount", (old) => old - 1), "RootMismatch"],
  ["a surplus header proof", (w) => void w.header.siblings.push({ hash: zero, flops: 0n, bytes_: 0n }), "ProofLength"],
  ["another op named for the router", () => 40n, "OpMismatch"],
  ["an op code that only looks like it", () => 41n + 256n, "OpMismatch"],
];

describe("a deformed witness reverts", () => {
  test.each(deformations)("%s", async (_, change, error) => {
    await expect(judge(contextOf(leaf), 1, deformed(change), "Dot")).rejects.toMatchObject({ errorName: error });
  });

  test("cut, padded and empty encodings", async () => {
    for (const witness of ["0x", honest.slice(0, 66), honest.slice(0, -64)] as Hex[])
      await expect(judge(contextOf(leaf), 1, witness, "Dot")).rejects.toThrow();
  });
});

describe("a witness proves nothing about", () => {
  test("another job's graph", async () => {
    const other = oneNode("Gemm", [floats(5, 65), floats(65, 5), floats(1)], { transA: 0, transB: 0 }, { inner: true });
    const context = { ...contextOf(leaf), task: contextOf(other).task };
    await expect(judge(context, 1, honest)).rejects.toMatchObject({ errorName: "RootMismatch" });
  });
  test("a graph that claims another cost", async () => {
    const context = contextOf(leaf);
    const graph = { ...context.task.graph, flops: context.task.graph.flops + 1n };
    await expect(judge({ ...context, task: { ...context.task, graph } }, 1, honest)).rejects.toMatchObject({
      errorName: "RootMismatch",
    });
  });
  test("another step's trace", async () => {
    const lied: LeafCase = withLie(leaf, node, ELEMENT, 7);
    await expect(judge(contextOf(lied), 1, honest)).rejects.toMatchObject({ errorName: "RootMismatch" });
  });
  test("another kind, or another family's op", async () => {
    for (const by of VERIFIERS) {
      if (by === "Dot") continue;
      await expect(judge(contextOf(leaf), 1, honest, by)).rejects.toThrow();
    }
    await expect(judge(contextOf(leaf), 9, honest, "Dot")).rejects.toMatchObject({ errorName: "NotMyKind" });
  });
});

test("an infinite operand under a finite output gives no verdict", async () => {
  const infinite = withValue(oneNode("Add", [floats(8), floats(8)]), "operand0", 3, Number.POSITIVE_INFINITY);
  const witness = await buildElementWitness(sourceOf(infinite), testedNode(infinite), 3);
  await expect(judge(contextOf(infinite), 1, witness)).rejects.toMatchObject({ errorName: "OperandNotFinite" });
});
