// What a command line says of the contracts that may judge what an executor delivers (docs/protocol.md P13.7).
import { expect, it } from "vitest";
import { readValidators, SettingsError } from "../../verifier/settings.ts";

const address = `0x${"cd".repeat(20)}`;
const codeHash = `0x${"ab".repeat(32)}`;

it.each([
  codeHash,
  address,
  `${codeHash}:${address}`,
  `${address}:${codeHash}:`,
  `${address}:${codeHash.slice(0, -2)}`,
  "",
])("no validator is named by %j alone", (item) => {
  expect(() => readValidators({ validator: [item] }, "validator")).toThrow(SettingsError);
});

it("a validator is an address and the hash of its code", () => {
  expect(readValidators({}, "validator")).toEqual([]);
  expect(readValidators({ validator: [`${address}:${codeHash}`] }, "validator")).toEqual([{ address, codeHash }]);
});
