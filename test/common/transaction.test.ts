import { Transaction as EthersTransaction, Wallet } from "ethers";
import type { Hex, TransactionSerializable } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { bytesOfHex, hexOf, naturalOf } from "../../common/bytes.ts";
import { AnhError } from "../../common/errors.ts";
import { decodeRlp, encodeRlp, type RlpInput } from "../../common/rlp.ts";
import { parseTransaction } from "../../common/transaction.ts";
import { seededRandom } from "../support/random.ts";

const CHAIN = 4141n;
const account = privateKeyToAccount(`0x${"22".repeat(32)}`);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const sign = async (fields: Partial<TransactionSerializable>): Promise<Uint8Array> =>
  bytesOfHex(
    await account.signTransaction({
      chainId: Number(CHAIN),
      nonce: 5,
      gas: 50_000n,
      to: `0x${"33".repeat(20)}`,
      value: 7n,
      data: "0x0102",
      ...fields,
    } as TransactionSerializable),
  );

const signSetCode = async (): Promise<Uint8Array> => {
  const authorization = { address: `0x${"44".repeat(20)}`, chainId: Number(CHAIN), nonce: 3 } as const;
  const authorizationList = [await account.signAuthorization(authorization)];
  return sign({ type: "eip7702", maxFeePerGas: 5n, maxPriorityFeePerGas: 5n, authorizationList });
};

const codeOf = (raw: Uint8Array): string => {
  try {
    parseTransaction(raw, CHAIN);
    return "accepted";
  } catch (error) {
    if (!(error instanceof AnhError)) throw error;
    return error.code;
  }
};

/** The envelope with one of its RLP fields replaced. */
const withField = (raw: Uint8Array, index: number, value: RlpInput): Uint8Array => {
  const typed = (raw[0] as number) < 0xc0;
  const items = [...(decodeRlp(typed ? raw.subarray(1) : raw) as RlpInput[])];
  items[index] = value;
  const body = encodeRlp(items);
  return typed ? Uint8Array.from([raw[0] as number, ...body]) : body;
};

describe("parseTransaction refuses", () => {
  it("type 3 by name, unknown types, and nothing at all", () => {
    expect(codeOf(Uint8Array.of(3, 0xc0))).toBe("type-3");
    expect(codeOf(Uint8Array.of(4, 0xc0))).toBe("fields");
    expect(codeOf(Uint8Array.of(0x7f, 0xc0))).toBe("type");
    expect(codeOf(new Uint8Array(0))).toBe("empty");
  });

  it("a legacy transaction without chain id, and other chains", async () => {
    const unprotected = await new Wallet(`0x${"22".repeat(32)}`).signTransaction(
      Object.assign(new EthersTransaction(), { type: 0, nonce: 1, gasLimit: 21000n, gasPrice: 1n, chainId: 0n }),
    );
    expect(codeOf(bytesOfHex(unprotected))).toBe("no-chain-id");
    expect(codeOf(await sign({ gasPrice: 5n, type: "legacy", chainId: 1 }))).toBe("chain-id");
    expect(codeOf(await sign({ maxFeePerGas: 5n, maxPriorityFeePerGas: 5n, type: "eip1559", chainId: 1 }))).toBe(
      "chain-id",
    );
  });

  it("high s, and signatures of nobody", async () => {
    const raw = await sign({ maxFeePerGas: 5n, maxPriorityFeePerGas: 5n, type: "eip1559" });
    const items = decodeRlp(raw.subarray(1)) as Uint8Array[];
    expect(codeOf(withField(raw, 11, ORDER - naturalOf(items[11] as Uint8Array)))).toBe("high-s");
    expect(codeOf(withField(raw, 10, 0n))).toBe("bad-signature");
    expect(codeOf(withField(raw, 10, ORDER))).toBe("bad-signature");
    expect(codeOf(withField(raw, 9, 2n))).toBe("y-parity");
  });

  it("every second encoding of the same transaction", async () => {
    const raw = await sign({ maxFeePerGas: 5n, maxPriorityFeePerGas: 5n, type: "eip1559" });
    expect(codeOf(Uint8Array.from([...raw, 0]))).toBe("rlp-surplus");
    expect(codeOf(withField(raw, 1, Uint8Array.of(0, 5)))).toBe("field");
    expect(codeOf(withField(raw, 5, new Uint8Array(19)))).toBe("to");
    expect(codeOf(withField(raw, 7, []))).toBe("field");
    expect(codeOf(withField(raw, 8, new Uint8Array(0)))).toBe("access-list");
    expect(codeOf(withField(raw, 8, [[new Uint8Array(20), [new Uint8Array(31)]]]))).toBe("access-list");
    expect(codeOf(withField(raw, 8, [[new Uint8Array(20), [], []]]))).toBe("access-list");
    expect(codeOf(withField(raw, 1, 2n ** 64n - 1n))).toBe("nonce-max");
    const deep = new Uint8Array(100_000).fill(0xc1);
    expect(codeOf(Uint8Array.from([2, ...deep]))).toMatch(/^rlp/);
  });

  it("set-code transactions without authorizations, without a target, and with authorizations of another form", async () => {
    const raw = await signSetCode();
    expect(codeOf(raw)).toBe("accepted");
    expect(codeOf(withField(raw, 9, []))).toBe("authorization-list");
    expect(codeOf(withField(raw, 9, new Uint8Array(0)))).toBe("authorization-list");
    expect(codeOf(withField(raw, 5, new Uint8Array(0)))).toBe("to");
    const good: RlpInput[] = [CHAIN, new Uint8Array(20), 3n, 0n, 7n, 8n];
    const of = (...changed: [index: number, value: RlpInput][]) => {
      const authorization = [...good];
      for (const [index, value] of changed) authorization[index] = value;
      return codeOf(withField(raw, 9, [authorization]));
    };
    expect(of()).toBe("accepted");
    expect(codeOf(withField(raw, 9, [good.slice(1)]))).toBe("authorization-list");
    expect(codeOf(withField(raw, 9, [[...good, 1n]]))).toBe("authorization-list");
    expect(of([1, new Uint8Array(19)])).toBe("authorization-list");
    expect(of([0, Uint8Array.of(0, 1)])).toBe("field");
    expect(of([2, 2n ** 64n])).toBe("field");
    expect(of([2, 2n ** 64n - 1n])).toBe("accepted");
    expect(of([3, 255n])).toBe("accepted");
    expect(of([3, 256n])).toBe("field");
    expect(of([4, 2n ** 256n])).toBe("field");
    expect(of([5, []])).toBe("field");
  });

  it("20,000 damaged envelopes with a typed error, or reads another transaction that encodes to the same bytes", async () => {
    const random = seededRandom(6);
    const seeds = [
      await sign({ gasPrice: 5n, type: "legacy" }),
      await sign({
        gasPrice: 5n,
        type: "eip2930",
        accessList: [{ address: account.address, storageKeys: [`0x${"00".repeat(32)}`] }],
      }),
      await sign({ maxFeePerGas: 5n, maxPriorityFeePerGas: 5n, type: "eip1559" }),
      await signSetCode(),
    ];
    let accepted = 0;
    for (let i = 0; i < 20_000; i++) {
      const raw = random.pick(seeds).slice();
      for (let hits = 1 + random.below(3); hits > 0; hits--) raw[random.below(raw.length)] = random.below(256);
      if (codeOf(raw.subarray(0, raw.length - (random.below(5) === 0 ? random.below(raw.length) : 0))) === "accepted")
        accepted++;
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("parseTransaction reads", () => {
  it("type 4 with who signed each authorization, as ethers sees them", async () => {
    const signed = await signSetCode();
    const parsed = parseTransaction(signed, CHAIN);
    const theirs = EthersTransaction.from(hexOf(signed));
    expect([parsed.hash, parsed.type, parsed.sender]).toEqual([theirs.hash, 4, account.address.toLowerCase()]);
    const [authorization] = parsed.authorizations ?? [];
    expect(authorization).toMatchObject({ chainId: CHAIN, nonce: 3n, address: `0x${"44".repeat(20)}` });
    expect(authorization?.authority).toBe(account.address.toLowerCase());
    const [, ...rest] = decodeRlp(signed.subarray(1)) as RlpInput[];
    const [list] = rest.slice(8) as [RlpInput[][]];
    for (const [index, value] of [
      [3, 2n],
      [4, 0n],
      [5, ORDER - (authorization?.s ?? 0n)],
    ] as const) {
      const changed = [...(list[0] as RlpInput[])];
      changed[index] = value;
      expect(parseTransaction(withField(signed, 9, [changed]), CHAIN).authorizations?.[0]?.authority).toBeUndefined();
    }
  });

  it("types 0, 1, 2 as viem wrote them, with sender and hash as ethers sees them", async () => {
    const accessList = [
      { address: account.address.toLowerCase() as Hex, storageKeys: [`0x${"07".repeat(32)}` as Hex] },
    ];
    for (const fields of [
      { type: "legacy", gasPrice: 9n },
      { type: "legacy", gasPrice: 0n, to: undefined, value: 0n, data: "0x" },
      { type: "eip2930", gasPrice: 9n, accessList },
      { type: "eip1559", maxFeePerGas: 9n, maxPriorityFeePerGas: 4n, accessList, nonce: 0 },
    ] as Partial<TransactionSerializable>[]) {
      const raw = await sign(fields);
      const parsed = parseTransaction(raw, CHAIN);
      const theirs = EthersTransaction.from(hexOf(raw));
      expect(parsed.sender).toBe(account.address.toLowerCase());
      expect(parsed.hash).toBe(theirs.hash);
      expect(parsed.nonce).toBe(BigInt(theirs.nonce));
      expect(parsed.to).toBe(theirs.to?.toLowerCase() ?? null);
      expect(parsed.valueWei).toBe(theirs.value);
      expect(hexOf(parsed.data)).toBe(theirs.data);
      expect(parsed.maxFeeWei).toBe(theirs.maxFeePerGas ?? theirs.gasPrice);
      expect(parsed.maxTipWei).toBe(theirs.maxPriorityFeePerGas ?? theirs.gasPrice);
      expect(parsed.accessList.map(({ address, storageKeys }) => ({ address, storageKeys: [...storageKeys] }))).toEqual(
        (theirs.accessList ?? []).map((entry) => ({
          address: entry.address.toLowerCase(),
          storageKeys: entry.storageKeys,
        })),
      );
    }
  });
});
