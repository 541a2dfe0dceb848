import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterAll, describe, expect, it } from "vitest";
import { openShelf } from "../../../verifier/dispute/shelf.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";

describe("states of checks that gave way", () => {
  const folder = mkdtempSync(join(tmpdir(), "anh-shelf-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [A, B, C]: Hex[] = ["0x0a", "0x0b", "0x0c"];
  const stateOf = (x: number): Tensor[] => [
    { dtype: "float32", shape: [2], data: new Float32Array([x, 1]) },
    { dtype: "int64", shape: [], data: new BigInt64Array([7n]) },
  ];
  const types = stateOf(0);
  /** In this order, the one with most to lose first. */
  const spared = (checks: readonly Hex[]) => [A!, B!, C!].filter((check) => checks.includes(check)).at(-1);
  const troubles: unknown[] = [];
  const open = (places: number, at = join(folder, "shelf")) => {
    const shelf = openShelf(at, places, (error) => troubles.push(error));
    return {
      ...shelf,
      put: (claimHash: Hex, name: string, x: number) => shelf.put({ claimHash, name }, stateOf(x), spared),
      get: async (claimHash: Hex, name: string) => (await shelf.get({ claimHash, name }, types))?.[0]?.data[0],
    };
  };
  const files = () => readdirSync(join(folder, "shelf")).length;

  it("are there as they were, the newest of a name, until their check is over", async () => {
    const shelf = open(4);
    shelf.put(A!, "x", 1);
    shelf.put(A!, "x", 2);
    shelf.put(A!, "y", 3);
    shelf.put(B!, "x", 4);
    expect(await Promise.all([shelf.get(A!, "x"), shelf.get(A!, "y"), shelf.get(B!, "x")])).toEqual([2, 3, 4]);
    expect(files()).toBe(3);
    shelf.clear(A!);
    expect(await Promise.all([shelf.get(A!, "x"), shelf.get(A!, "y"), shelf.get(B!, "x")])).toEqual([
      undefined,
      undefined,
      4,
    ]);
    expect(files()).toBe(1);
  });

  it("are a few in all: who can best do without loses its oldest, or keeps none", async () => {
    const shelf = open(2);
    shelf.put(B!, "x", 1);
    shelf.put(B!, "y", 2);
    shelf.put(C!, "x", 3);
    expect(await shelf.get(C!, "x")).toBeUndefined();
    shelf.put(A!, "x", 4);
    expect(await Promise.all([shelf.get(B!, "x"), shelf.get(B!, "y"), shelf.get(A!, "x")])).toEqual([undefined, 2, 4]);
    shelf.put(B!, "z", 5);
    expect(await Promise.all([shelf.get(B!, "y"), shelf.get(B!, "z"), shelf.get(A!, "x")])).toEqual([undefined, 5, 4]);
    expect(files()).toBe(2);
  });

  it("are gone where the disk has changed them, and after a restart", async () => {
    const shelf = open(2);
    shelf.put(A!, "x", 1);
    const [file] = readdirSync(join(folder, "shelf"));
    writeFileSync(join(folder, "shelf", file!), new Uint8Array(16));
    expect(await shelf.get(A!, "x")).toBeUndefined();
    open(2);
    expect(() => files()).toThrow(/ENOENT/);
  });

  it("of which the disk takes none cost the work behind them, and nothing else", async () => {
    const inTheWay = join(folder, "file");
    writeFileSync(inTheWay, "");
    const shelf = open(1, join(inTheWay, "shelf"));
    shelf.put(A!, "x", 1);
    expect(await shelf.get(A!, "x")).toBeUndefined();
    expect(troubles).toEqual([expect.objectContaining({ code: "ENOTDIR" })]);
    shelf.clear(A!);
  });
});
