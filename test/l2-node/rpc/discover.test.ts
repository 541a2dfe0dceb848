import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RPC_CODE } from "../../../l2-node/rpc/errors.ts";
import { methods } from "../../../l2-node/rpc/methods.ts";
import { refusedMethods } from "../../../l2-node/rpc/refused.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

type Param = { name: string; required: boolean; schema: Record<string, unknown> };
let rig: RpcRig;
beforeAll(async () => {
  rig = await startRpcRig();
});
afterAll(() => rig.stop());

describe("rpc.discover", () => {
  it("describes every method that is offered, by names that say what goes where, and the codes of errors", async () => {
    const document = await rig.get<{
      openrpc: string;
      methods: { name: string; params: Param[] }[];
      components: { errors: object };
    }>("rpc.discover");
    expect(document.openrpc).toMatch(/^1\.3/);
    expect(document.methods.map(({ name }) => name)).toEqual(
      Object.keys(methods).filter((name) => !(name in refusedMethods)),
    );
    for (const { name, params } of document.methods)
      expect([name, ...params.filter((param) => param.name.startsWith("argument"))]).toEqual([name]);
    expect(Object.keys(document.components.errors)).toEqual(Object.keys(RPC_CODE));
    const paramsOf = (name: string) =>
      document.methods.find((one) => one.name === name)!.params.map((param) => [param.name, param.required]);
    expect(paramsOf("eth_chainId")).toEqual([]);
    expect(paramsOf("eth_getBalance")).toEqual([
      ["address", true],
      ["block", false],
    ]);
    expect(paramsOf("eth_call")).toEqual([
      ["call", true],
      ["block", false],
      ["stateOverrides", false],
      ["blockOverrides", false],
    ]);
    expect(paramsOf("anh_getUncertainty")[0]?.[1]).toBe(true);
    const [address] = document.methods.find(({ name }) => name === "eth_getBalance")!.params;
    expect(address!.schema).toMatchObject({ type: "string", pattern: "^0x[0-9a-fA-F]{40}$" });
  });
});

describe("methods of other development chains", () => {
  it.each(Object.keys(refusedMethods))("%s is refused by name, with the reason", async (name) => {
    const { error } = await rig.ask(name, rig.file.sequencer, "0x1");
    expect(error?.code).toBe(-32004);
    expect(error?.message).toMatch(new RegExp(`^${name} is not supported: .{30}`));
  });

  it("are the ones that tools call", () => {
    for (const name of [
      "evm_snapshot",
      "evm_revert",
      "evm_increaseTime",
      "hardhat_impersonateAccount",
      "anvil_setBalance",
    ])
      expect(Object.keys(refusedMethods)).toContain(name);
  });
});

it("every code of the table of errors has a number of its own", () => {
  const codes = Object.values(RPC_CODE);
  expect(new Set(codes).size).toBe(codes.length);
});
