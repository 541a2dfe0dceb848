// What becomes of one endpoint's answers before anything looks at them.
import { RpcRequestError } from "viem";
import { expect, it } from "vitest";
import { doingItsPart, isFault } from "../../../verifier/l1/refusals.ts";

const answered = (answer: unknown) => doingItsPart({ shown: "a", ask: async () => answer }).ask("eth_call", []);

it("hex is in small letters, however deep; what is no hex stays", async () => {
  expect(await answered("0xABcd")).toBe("0xabcd");
  expect(await answered([{ logs: [{ topics: ["0xAA", "0xbb"], data: "0x" }], type: "0X2" }, null, 7, true])).toEqual([
    { logs: [{ topics: ["0xaa", "0xbb"], data: "0x" }], type: "0X2" },
    ...[null, 7, true],
  ]);
  for (const words of ["ABC", "Geth/v1 0xAB", "0xABG", "0xAB\n", ""]) expect(await answered(words)).toBe(words);
});

it("an answer in small letters is not copied, nor is its part of another, and none is changed", async () => {
  const small = { logs: [{ topics: ["0xaa"] }] };
  expect(await answered(small)).toBe(small);
  const mixed = Object.freeze({ small, hash: "0xAA" });
  const said = (await answered(mixed)) as typeof mixed;
  expect(said).toEqual({ small, hash: "0xaa" });
  expect(said.small).toBe(small);
});

it("what a contract reverts with stays as it came", async () => {
  const error = { code: 3, message: "execution reverted", data: "0xABCD" };
  const refusal = new RpcRequestError({ body: {}, url: "http://a", error });
  const refusing = doingItsPart({ shown: "a", ask: () => Promise.reject(refusal) });
  await expect(refusing.ask("eth_call", [])).rejects.toBe(refusal);
  expect(refusal.data).toBe("0xABCD");
});

it("what nests deeper than any answer of L1 cannot be read", async () => {
  const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  expect(await answered(nested(20))).toEqual(nested(20));
  for (const depth of [40, 5_000]) expect(isFault(await answered(nested(depth)).catch((error) => error))).toBe(true);
});
