import { type Address, type Hex, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { type ForceOptions, requestOf } from "../../cli/force-options.ts";
import { AnhError } from "../../common/errors.ts";
import { testKey } from "../support/transactions.ts";

const CHAIN = 77n;
const TO: Address = "0x00000000000000000000000000000000000000bb";
const DEFAULTS: ForceOptions = { valueEth: "0", mintEth: "0", data: "0x", gasLimit: "200000" };
const bytes = (count: number): Hex => `0x${"01".repeat(count)}`;

const signed = (fields: { gas?: bigint; chainId?: number } = {}) =>
  privateKeyToAccount(testKey(0)).signTransaction({
    chainId: Number(CHAIN),
    nonce: 0,
    to: TO,
    gas: 50_000n,
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 0n,
    ...fields,
  });

function problemOf(raw: string | undefined, options: Partial<ForceOptions>): string {
  try {
    requestOf(raw, { ...DEFAULTS, ...options }, CHAIN);
    return "";
  } catch (error) {
    if (!(error instanceof AnhError)) throw error;
    return error.message;
  }
}

describe("what is to be forced", () => {
  it("is one thing: a signed transaction or a call", async () => {
    for (const [raw, options] of [[undefined, {}] as const, [await signed(), { to: TO }] as const])
      expect(problemOf(raw, options)).toBe("either a signed transaction or --to is needed");
  });

  it.each([
    [{ to: "0x12" }, '--to is "0x12"'],
    [{ data: "0x123" }, '--data is "0x123"'],
    [{ data: "12" }, '--data is "12"'],
    [{ data: bytes(90_001), gasLimit: "16777216" }, "it is too long"],
    [{ gasLimit: "20999" }, "its gas limit is 20999"],
    [{ gasLimit: "21039", data: "0x00" }, "its gas limit is 21039"],
    [{ gasLimit: "16777217" }, "its gas limit is 16777217"],
    [{ gasLimit: "-1" }, '--gas-limit is "-1"'],
    [{ valueEth: "1e3" }, '--value-eth is "1e3"'],
    [{ mintEth: "0.1234567890123456789" }, '--mint-eth is "0.1234567890123456789"'],
    [{ to: "0x00000000000000000000000000000000414e4802" }, "a ledger message cannot be forced as a call"],
  ] as const)("cannot be a call with %j", (options, problem) =>
    expect(problemOf(undefined, { to: TO, ...options })).toBe(problem),
  );

  it("that is an address, or signed for another chain, is told what to do instead", async () => {
    const hintOf = (raw: string) => {
      try {
        return requestOf(raw, DEFAULTS, CHAIN);
      } catch (error) {
        return error instanceof AnhError ? error.hint : error;
      }
    };
    expect(hintOf(`0x71be63f3384f5fb98995898a86b02fb2426c5788`)).toContain("an address belongs behind --to");
    expect(hintOf("0x7100")).toMatch(/a whole signed transaction, as cast mktx prints it$/);
    expect(hintOf(await signed({ chainId: 1 }))).toContain("it was signed for another chain");
  });

  it("cannot be a signed transaction that L1 or this L2 would refuse", async () => {
    expect(problemOf("nonsense", {})).toBe('the signed transaction is "nonsense"');
    expect(problemOf("0x03", {})).toContain("not supported: 3 (blob)");
    expect(problemOf(await signed({ chainId: 1 }), {})).toContain("invalid chain id");
    expect(problemOf(await signed({ gas: 20_999n }), {})).toBe("its gas limit is 20999");
    expect(problemOf(bytes(90_001), {})).toBe("it is too long");
  });

  it("may lie just within the limits", async () => {
    const data = bytes(10);
    const call = { to: TO, data, gasLimit: `${21_000 + 400}`, valueEth: "0.5", mintEth: "1" };
    expect(requestOf(undefined, { ...DEFAULTS, ...call }, CHAIN)).toEqual({
      kind: "call",
      call: { to: TO, data, gasLimit: 21_400n, valueWei: parseEther("0.5"), mintWei: parseEther("1") },
    });
    expect(problemOf(undefined, { to: TO, gasLimit: "16777216", data: bytes(90_000) })).toBe("");
    const raw = await signed({ gas: 2n ** 24n });
    expect(requestOf(raw, DEFAULTS, CHAIN)).toEqual({ kind: "envelope", raw, gasLimit: 2n ** 24n });
  });
});
