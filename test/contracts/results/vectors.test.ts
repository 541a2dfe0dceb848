// The hashes that name things: stored vectors, TypeScript and Solidity must agree on each (docs/protocol.md P4–P6).
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { compile, createGasMeter, type GasMeter } from "../../support/gas-meter.ts";
import { claimVectors, readVectors } from "../../vectors/claims/claims.ts";

const vectors = readVectors(readFileSync(new URL("../../vectors/claims/claims.json", import.meta.url), "utf8"));

let contract: GasMeter;
beforeAll(async () => {
  contract = await createGasMeter(compile("test/contracts/results/harness/ClaimHarness.sol"));
});
const call = async (name: string, ...args: unknown[]): Promise<unknown> => (await contract.call(name, args)).result;

test("TypeScript gives the stored vectors", () => {
  expect(claimVectors()).toEqual(vectors);
});

describe("Solidity gives the stored vectors", () => {
  test("tasks derived from jobs, and their ids", async () => {
    for (const { job, kind, inputRoot, rows, task, hash } of vectors.tasks) {
      expect(await call("derive", job, kind, inputRoot, rows)).toEqual(task);
      expect(await call("taskHash", task)).toBe(hash);
    }
  });

  test("claims", async () => {
    for (const { claim, hash } of vectors.claims) expect(await call("claimHash", claim)).toBe(hash);
  });

  test("step traces and segment leaves", async () => {
    for (const { trace, hash } of vectors.traces) expect(await call("stepTraceHash", trace)).toBe(hash);
    for (const { leaf, hash } of vectors.leaves) expect(await call("segmentLeafHash", leaf)).toBe(hash);
  });

  test("graph headers, nodes and constants", async () => {
    for (const { header, hash } of vectors.headers) expect(await call("graphHeaderHash", header)).toBe(hash);
    for (const { node, hash } of vectors.nodes) expect(await call("nodeHash", node)).toBe(hash);
    for (const { constant, hash } of vectors.constants)
      expect(await call("constantHash", constant.dtype, constant.shape, constant.tensorRoot)).toBe(hash);
  });
});

describe("what names different things differs", () => {
  test("all hashes of the vectors", () => {
    const hashes = Object.values(vectors).flatMap((group: readonly { hash: string }[]) =>
      group.map(({ hash }) => hash),
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("ids of the three questions to one model", () => {
    const ids = vectors.tasks.map(({ task }) => task.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
