import { concat, type Hex, keccak256, numberToHex } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testAddress } from "../../support/transactions.ts";
import { type GivenProof, rootOfProof } from "../../support/world-proof.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

interface Proven {
  readonly number: Hex;
  readonly stateRoot: Hex;
  readonly nonce: Hex;
  readonly balance: Hex;
  readonly codeHash: Hex;
  readonly accountProof: GivenProof;
  readonly storageProof: readonly { readonly key: Hex; readonly value: Hex; readonly proof: GivenProof }[];
}

const CONTRACT = `0x${"aa".repeat(20)}` as const;
const word = (value: number): Hex => numberToHex(value, { size: 32 });
let rig: RpcRig;
beforeAll(async () => {
  const contract = { nonce: 1n, code: "0x00", storage: { [word(1)]: word(5) } } as const;
  rig = await startRpcRig({ alloc: { [CONTRACT]: contract } });
});
afterAll(() => rig.stop());

const accountValue = ({ nonce, balance, codeHash }: Proven): Hex =>
  concat([numberToHex(BigInt(nonce), { size: 8 }), numberToHex(BigInt(balance), { size: 32 }), codeHash]);

it("anh_getProof refuses what it cannot prove", async () => {
  expect(await rig.get("anh_getProof", CONTRACT, [])).toBeNull(); // nothing is settled
  const code = async (...params: unknown[]) => (await rig.ask("anh_getProof", ...params)).error?.code;
  expect(await code(CONTRACT)).toBe(-32602);
  expect(await code(CONTRACT, Array(1025).fill(word(0)))).toBe(-32602);
  expect(await code(CONTRACT, [], "0xffff")).toBe(-32000);
});

it("anh_getProof proves accounts and slots, filled, empty and absent, against the block's world root", async () => {
  const proven = await rig.get<Proven>("anh_getProof", CONTRACT, [word(1), word(2)], "latest");
  const { stateRoot } = await rig.get<{ stateRoot: Hex }>("anh_getBlockRoots", "latest");
  expect(proven).toMatchObject({ stateRoot, nonce: "0x1", balance: "0x0", codeHash: keccak256("0x00") });
  expect(rootOfProof(concat(["0x00", CONTRACT]), accountValue(proven), proven.accountProof)).toBe(stateRoot);
  const [filled, empty] = proven.storageProof;
  expect([filled?.value, empty?.value]).toEqual([word(5), word(0)]);
  const slotKey = (slot: Hex) => concat(["0x01", CONTRACT, slot]);
  expect(rootOfProof(slotKey(word(1)), word(5), filled!.proof)).toBe(stateRoot);
  expect(rootOfProof(slotKey(word(2)), undefined, empty!.proof)).toBe(stateRoot);

  const absent = await rig.get<Proven>("anh_getProof", testAddress(77), [], "latest");
  expect(rootOfProof(concat(["0x00", testAddress(77)]), undefined, absent.accountProof)).toBe(stateRoot);
});

it("anh_getProof is against what L1 settled last, unless a block is named", async () => {
  const at1 = await rig.get<Proven>("anh_getProof", testAddress(0), [], "0x1");
  await rig.send({ to: testAddress(1), value: 1n });
  rig.seal();
  rig.mine({ kind: 6, number: 1n, stateRoot: at1.stateRoot, creditsRoot: word(0) });
  expect(await rig.get("anh_getProof", testAddress(0), [])).toEqual(at1);
  expect((await rig.get<Proven>("anh_getProof", testAddress(0), [], "0x2")).stateRoot).not.toBe(at1.stateRoot);
  expect(rootOfProof(concat(["0x00", testAddress(0)]), accountValue(at1), at1.accountProof)).toBe(at1.stateRoot);
});
