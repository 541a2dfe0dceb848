// Analyses of code are kept within bounds, however many codes a block calls.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Address, concatHex, type Hex, numberToHex, padHex } from "viem";
import { expect, test } from "vitest";
import { ethDeposit, gasDeposit, makeRig } from "./rig.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
const heap = async () => {
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((r) => setTimeout(r, 20));
  }
  return process.memoryUsage().heapUsed;
};
const COUNT = 300;
const at = (i: number): Address => padHex(numberToHex(0x10000 + i), { size: 20 });
// JUMP over itself, STOP; then 24 KiB of PUSH1, distinct by a number at the end
const code = (i: number): Hex =>
  concatHex(["0x6004565b5b00", numberToHex(i, { size: 4 }), `0x${"6001".repeat(12_280)}` as Hex]);
// for (i = 0; i < COUNT; i++) staticcall(gas, 0x10000 + i, 0,0,0,0)
const LOOP: Address = padHex("0x99999", { size: 20 });
const loop: Hex = concatHex([
  "0x5f",
  "0x5b",
  "0x5f5f5f5f",
  "0x84",
  "0x62010000",
  "0x01",
  "0x5a",
  "0xfa",
  "0x50",
  "0x6001",
  "0x01",
  "0x80",
  "0x61",
  numberToHex(COUNT, { size: 2 }),
  "0x11",
  "0x6001",
  "0x57",
  "0x00",
]);

test(`${COUNT} codes of 24 KiB called in one block leave little behind`, async () => {
  const alloc: Record<Address, { nonce: bigint; code: Hex }> = { [LOOP]: { nonce: 1n, code: loop } };
  for (let i = 0; i < COUNT; i++) alloc[at(i)] = { nonce: 1n, code: code(i) };
  const rig = makeRig({ alloc });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  await rig.execution.executeTo("latest");
  const before = await heap();
  const hash = await rig.send({ to: LOOP, gas: 9_000_000n });
  rig.seal();
  const receipt = await rig.execution.receipt(hash);
  const after = await heap();
  expect(receipt?.status).toBe("success");
  // The codes themselves: 7 MB.
  expect((after - before) / 2 ** 20).toBeLessThan(64);
});
