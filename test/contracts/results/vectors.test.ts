// The hashes that name things: stored vectors, TypeScript and Solidity must agree on each (docs/protocol.md P4–P6).
import { readFileSync } from "node:fs";
import { padHex, stringToHex } from "viem";
import { beforeAll, describe, expect, test } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { createGasMeter, type GasMeter, RevertedError } from "../../support/gas-meter.ts";
import { readHarness } from "../../support/harness.ts";
import { claimVectors, readVectors } from "../../vectors/claims/claims.ts";

const INPUT_ROOT = padHex("0x1234");
const vectors = readVectors(readFileSync(new URL("../../vectors/claims/claims.json", import.meta.url), "utf8"));

let contract: GasMeter;
beforeAll(async () => {
  contract = await createGasMeter(readHarness("results/harness/ClaimHarness"));
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

  test.each(vectors.verdicts)("$what: '$field'", async ({ job, kind, rows, field }) => {
    const derived = call("derive", job, kind, kind === 1 ? ZERO_HASH : INPUT_ROOT, rows);
    if (field === "") return expect(await derived).toMatchObject({ kind });
    const refusal = await derived.catch((error: unknown) => error);
    if (!(refusal instanceof RevertedError)) throw refusal;
    expect([refusal.errorName, ...refusal.args]).toEqual(["JobInvalid", stringToHex(field, { size: 32 })]);
  });

  test("claims", async () => {
    for (const { claim, hash } of vectors.claims) expect(await call("claimHash", claim)).toBe(hash);
  });

  test("step traces and segment leaves", async () => {
    for (const { trace, hash } of vectors.traces) expect(await call("stepTraceHash", trace)).toBe(hash);
    for (const { leaf, hash } of vectors.leaves) expect(await call("segmentLeafHash", leaf)).toBe(hash);
  });

  test("leaves of graphs", async () => {
    for (const { header, hash } of vectors.headers) expect(await call("graphHeaderHash", header)).toBe(hash);
    for (const { state, hash } of vectors.states) expect(await call("stateInputHash", state)).toBe(hash);
    for (const { feed, hash } of vectors.feeds) expect(await call("feedHash", feed)).toBe(hash);
    for (const { value, hash } of vectors.nextStates) expect(await call("nextStateHash", value)).toBe(hash);
    for (const { node, hash } of vectors.nodes) expect(await call("nodeHash", node)).toBe(hash);
    for (const { constant, hash } of vectors.constants)
      expect(await call("constantHash", constant.dtype, constant.shape, constant.tensorRoot)).toBe(hash);
  });
});

describe("what names different things differs", () => {
  test("all hashes of the vectors", () => {
    const { verdicts: _, ...named } = vectors;
    const hashes = Object.values(named).flatMap((group: readonly { hash: string }[]) => group.map(({ hash }) => hash));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("ids of the three questions to one model", () => {
    const ids = vectors.tasks.map(({ task }) => task.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
