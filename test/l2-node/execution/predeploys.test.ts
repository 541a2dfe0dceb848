import { domainSeparator, getContractAddress, type Hex, keccak256 } from "viem";
import { describe, expect, it, test } from "vitest";
import { lower } from "../../../common/addresses.ts";
import published from "../../../l2-node/execution/predeploys.json" with { type: "json" };
import { type Predeploy, predeployAlloc, predeploys } from "../../../l2-node/execution/predeploys.ts";
import { makeRig } from "./rig.ts";

const PERMIT2 = "0x000000000022d473030f116ddee9f6b43ac78ba3";

/** The same hex with its `n`th byte from the end changed. */
const altered = (hex: Hex, n: number): Hex => {
  const at = hex.length - 2 * n;
  return `${hex.slice(0, at)}${hex[at] === "0" ? "1" : "0"}${hex.slice(at + 1)}` as Hex;
};

describe("predeploys", () => {
  it.each(predeploys.map(({ name }, i) => [name, i] as const))(
    "%s is refused when one byte of what created it is another",
    async (name, i) => {
      const list = predeploys.map((one, j): Predeploy => {
        if (j !== i) return one;
        return "initcode" in one
          ? { ...one, initcode: altered(one.initcode, 60) }
          : { ...one, transaction: altered(one.transaction, 90) }; // in the code, before the signature
      });
      await expect(predeployAlloc(42n, list)).rejects.toThrow(`${name} was created somewhere else`);
    },
  );

  it("have the published code hashes, and nothing else is there", async () => {
    const alloc = await predeployAlloc(42n);
    const listed = predeploys.map(({ address }) => address);
    // What creates accounts for the EntryPoint is the first contract that the EntryPoint created.
    const senderCreator = getContractAddress({ from: listed.at(-1)!, nonce: 1n });
    expect(Object.keys(alloc)).toEqual([...listed, lower(senderCreator)]);
    expect(Object.values(alloc).map(({ nonce }) => nonce)).toEqual([3n, 1n, 1n, 2n, 1n]);
    for (const { name, address, codeHash } of published) {
      const account = alloc[address as Hex]!;
      expect(Object.keys(account)).toEqual(["nonce", "code"]);
      if (codeHash !== undefined) expect(keccak256(account.code!), name).toBe(codeHash);
    }
  });

  it("hold this chain's immutables, not another's", async () => {
    const codeOn = async (chain: bigint) => (await predeployAlloc(chain))[PERMIT2]!.code!;
    const domain = (chainId: bigint) =>
      domainSeparator({ domain: { name: "Permit2", chainId, verifyingContract: PERMIT2 } }).slice(2);
    const here = await codeOn(4141n);
    expect(here).toContain(domain(4141n));
    expect(here).not.toContain(domain(42n));
    expect(await codeOn(42n)).toContain(domain(42n));
  });
});

test("what the factory creates does not depend on the factory's nonce or its caller", async () => {
  const rig = makeRig({ alloc: await predeployAlloc(4141n) });
  const [factory] = predeploys;
  // salt 7, and code whose runtime is one STOP
  const data = `0x${"07".padStart(64, "0")}6001600c60003960016000f300` as Hex;
  const call = (from: Hex) => rig.execution.call({ to: factory!.address, from, data, gasLimit: 1_000_000n }, "latest");
  const [one, other] = [await call(`0x${"11".repeat(20)}`), await call(`0x${"22".repeat(20)}`)];
  expect(one).toMatchObject({ output: expect.stringMatching(/^0x[0-9a-f]{40}$/) });
  expect(other).toEqual(one);
  await rig.execution.close();
});
