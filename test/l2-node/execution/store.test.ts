import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hexOf } from "../../../common/bytes.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { WrongStoreError } from "../../../l2-node/execution/store.ts";
import { WorldTree } from "../../../l2-node/execution/world-root.ts";
import { seededRandom } from "../../support/random.ts";
import { testAddress } from "../../support/transactions.ts";
import { rootOfProof } from "../../support/world-proof.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig } from "./rig.ts";

let folder: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-execution-"));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

async function transfers(rig: ReturnType<typeof makeRig>, blocks: number): Promise<void> {
  for (let i = 0; i < blocks; i++) {
    await rig.send({ to: testAddress(10 + i), value: 1n });
    rig.seal();
  }
}

describe("the store", () => {
  test("another chain's file is refused by name", async () => {
    const path = join(folder, "state.sqlite");
    const rig = makeRig();
    closing.push(() => rig.execution.close());
    await new LazyExecution({ path }, { source: rig.source }).close();
    const other = { ...rig.source, chainId: 7n };
    expect(() => new LazyExecution({ path }, { source: other })).toThrow(WrongStoreError);
  });

  test("goes on where it was after a restart, and answers about the past", async () => {
    const path = join(folder, "state.sqlite");
    const rig = makeRig({ path });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    await transfers(rig, 3);
    await rig.execution.executeTo(2n);
    const rootAt2 = await rig.execution.stateRoot(2n);
    await rig.execution.close();

    const again = new LazyExecution({ path }, { source: rig.source });
    closing.push(() => again.close());
    expect(again.executedNumber()).toBe(2n);
    expect((await again.account(testAddress(12), "latest")).balanceWei).toBe(1n);
    expect((await again.account(testAddress(12), 3n)).balanceWei).toBe(0n);
    expect((await again.account(testAddress(0), 1n)).balanceWei).toBe(ETHER);
    expect((await again.account(testAddress(0), "earliest")).balanceWei).toBe(0n);
    expect(await again.stateRoot(2n)).toBe(rootAt2);
    expect(again.rederivedCount()).toBe(0);
  });

  test("blocks that left the chain are forgotten, wherever execution was", async () => {
    const rig = makeRig();
    closing.push(() => rig.execution.close());
    rig.deliver(gasDeposit(0), ethDeposit(0));
    await transfers(rig, 4);
    await rig.execution.executeTo("latest");
    rig.chain.dropAbove(3n);
    expect(rig.execution.executedNumber()).toBe(3n);
    expect((await rig.execution.account(testAddress(12), "latest")).balanceWei).toBe(0n);
    const fresh = rig.fresh();
    closing.push(() => fresh.close());
    expect(await rig.execution.stateRoot("latest")).toBe(await fresh.stateRoot("latest"));
    expect(rig.execution.rederivedCount()).toBe(0);
  });

  test("closing while blocks are executed stops at a block's end", async () => {
    const rig = makeRig();
    rig.deliver(gasDeposit(0), ethDeposit(0));
    await transfers(rig, 5);
    const asked = rig.execution.executeTo("latest");
    await rig.execution.close();
    await expect(asked).rejects.toThrow("closed");
  });
});

describe("the world tree", () => {
  test("its root depends on what it holds, not on how it came there", () => {
    const random = seededRandom(11);
    const keys = Array.from({ length: 64 }, (_, i) => `00${i.toString(16).padStart(40, "0")}`);
    const [grown, built] = [new WorldTree(), new WorldTree()];
    const values = new Map<string, Uint8Array>();
    expect(grown.root()).toBe(`0x${"00".repeat(32)}`);
    for (let i = 0; i < 1000; i++) {
      const key = random.pick(keys);
      const value = random.below(3) === 0 ? undefined : random.bytes(8);
      grown.set(key, value);
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    }
    for (const key of keys) built.set(key, values.get(key));
    expect(grown.root()).toBe(built.root());
    const [first] = values.keys();
    built.set(first!, Uint8Array.of(1));
    expect(grown.root()).not.toBe(built.root());
    for (const key of keys) grown.set(key, undefined);
    expect(grown.root()).toBe(`0x${"00".repeat(32)}`);
  });

  test("proves what a key holds, or that it holds nothing, and nothing else", () => {
    const random = seededRandom(12);
    const keyOf = (i: number) => `00${i.toString(16).padStart(40, "0")}`;
    const absent = new Set<string>();
    for (const size of [0, 1, 2, 3, 40]) {
      const tree = new WorldTree();
      const values = new Map<string, Hex>();
      for (let i = 0; i < size; i++) {
        const value = random.bytes(8);
        values.set(keyOf(i), hexOf(value));
        tree.set(keyOf(i), value);
      }
      for (let i = 0; i < 50; i++) {
        const [key, value] = [keyOf(i), values.get(keyOf(i))];
        const proof = tree.proof(key);
        expect(rootOfProof(`0x${key}`, value, proof)).toBe(tree.root());
        const claim = (other: Hex | undefined) => {
          const { other: _, ...without } = proof;
          return rootOfProof(`0x${key}`, other, other === undefined ? proof : without);
        };
        expect(claim("0x01"), "another value").not.toBe(tree.root());
        if (value !== undefined) expect(claim(undefined), "nothing").not.toBe(tree.root());
        else absent.add(proof.other ? "other" : "empty");
      }
    }
    expect(absent).toEqual(new Set(["empty", "other"]));
  });

  test("code has no leaf of its own", () => {
    const tree = new WorldTree();
    tree.set(`03${"ab".repeat(32)}`, Uint8Array.of(1));
    expect(tree.root()).toBe(`0x${"00".repeat(32)}`);
  });
});
