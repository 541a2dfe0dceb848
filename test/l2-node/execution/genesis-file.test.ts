import { describe, expect, it, test } from "vitest";
import type { ChainFile } from "../../../common/chain-file.ts";
import { hashHeader } from "../../../common/header.ts";
import { checkGenesis } from "../../../l2-node/execution/check-genesis.ts";
import { genesisRoot } from "../../../l2-node/execution/genesis.ts";
import { GenesisFileError, parseGenesisFile, readGenesisFile } from "../../../l2-node/execution/genesis-file.ts";
import { testChainFile } from "../../support/chain-file.ts";

const A = "0x00000000000000000000000000000000000000aa";
const B = "0x00000000000000000000000000000000000000bb";
const parse = (alloc: unknown, more: object = {}) => parseGenesisFile(JSON.stringify({ alloc, ...more }));
const problemsOf = (text: string): string => {
  try {
    parseGenesisFile(text);
    return "";
  } catch (error) {
    if (!(error instanceof GenesisFileError)) throw error;
    return error.message;
  }
};
const problemsIn = (alloc: unknown, more: object = {}) => problemsOf(JSON.stringify({ alloc, ...more }));

describe("a genesis file is refused", () => {
  it("that is not there, or is none", () => {
    expect(() => readGenesisFile("/nowhere/genesis.json")).toThrowError(GenesisFileError);
    for (const text of ["", "{", "null", "[]", "7", "{}", '{"alloc": []}', '{"alloc": {"0x": {}}}'])
      expect(problemsOf(text), text).not.toBe("");
    expect(problemsIn({}, { gaslimit: "0x1" })).toContain("gaslimit");
    expect(problemsIn({}, { config: { chainId: "0x20000000000000" } })).toContain("config.chainId: expected at most");
  });

  it.each([
    ["a bad address", { "0x12": {} }, "alloc.0x12: expected an address"],
    ["an address twice", { [A]: {}, [A.slice(2).toUpperCase()]: {} }, "this account is there twice"],
    ["an unknown field", { [A]: { balances: "1" } }, "balances"],
    ["a rounded number", { [A]: { balance: 2 ** 60 } }, "alloc.0x00000000000000000000000000000000000000aa.balance"],
    ["a negative number", { [A]: { balance: "-1" } }, "expected a number"],
    ["a fraction", { [A]: { nonce: 0.5 } }, "expected a number"],
    ["half a byte of code", { [A]: { code: "0x123" } }, "whole bytes"],
    ["code beyond EIP-170", { [A]: { code: `0x${"00".repeat(24_577)}` } }, "at most 24576 bytes"],
    ["a nonce beyond EIP-2681", { [A]: { code: "0x00", nonce: "0xffffffffffffffff" } }, "expected at most"],
    ["a nonce without code", { [A]: { nonce: "0x1" } }, "a nonce without code"],
    ["storage without code", { [A]: { storage: { "0x0": "0x1" } } }, "storage without code"],
    ["33 bytes of storage", { [A]: { code: "0x00", storage: { "0x0": `0x${"11".repeat(33)}` } } }, "at most 32 bytes"],
    ["a 33-byte slot", { [A]: { code: "0x00", storage: { [`0x${"11".repeat(33)}`]: "0x1" } } }, "at most 32 bytes"],
    ["a slot twice", { [A]: { code: "0x00", storage: { "0x0": "0x1", "0x00": "0x2" } } }, "this slot is there twice"],
    [
      "code at a precompile",
      { "0x0000000000000000000000000000000000000011": { code: "0x00" } },
      "a meaning of its own",
    ],
    ["code at P256VERIFY", { "0x0000000000000000000000000000000000000100": { code: "0x00" } }, "a meaning of its own"],
    ["code at LEDGER", { "0x00000000000000000000000000000000414e4802": { code: "0x00" } }, "a meaning of its own"],
    ["ETH for nobody", { "0x0000000000000000000000000000000000000000": { balance: "1" } }, "zero address"],
    ["a balance beyond 256 bits", { [A]: { balance: `0x1${"0".repeat(64)}` } }, "expected at most"],
    ["too much in sum", { [A]: { balance: `${2n ** 128n}` }, [B]: { balance: "1" } }, "can be paid in"],
  ])("with %s", (_, alloc, problem) => expect(problemsIn(alloc)).toContain(problem));

  it("with all that is wrong at once", () => {
    const problems = problemsIn({ [A]: { nonce: "1" }, [B]: { storage: { "0x0": "0x1" } } });
    for (const address of [A, B]) expect(problems).toContain(`alloc.${address}: `);
  });
});

describe("a genesis file", () => {
  it("gives accounts with code to the L2's first state, and balances to the Bridge", () => {
    const { alloc, deposits, chainId } = parse(
      {
        [A]: { balance: "0x10", nonce: 0, code: "0x00", storage: { "0x1": "0x2", "0x3": "0x0" } },
        [B.slice(2)]: { balance: "1000" },
        "0x0000000000000000000000000000000000000001": { balance: "1" }, // as in go-ethereum's own test chains
      },
      { config: { chainId: 1337, londonBlock: 0 }, gasLimit: "0x1", difficulty: "0x0" },
    );
    const slot = `0x${"1".padStart(64, "0")}`;
    expect(alloc).toEqual({ [A]: { nonce: 0n, code: "0x00", storage: { [slot]: `0x${"2".padStart(64, "0")}` } } });
    expect(deposits).toEqual([
      { to: A, amountWei: 16n },
      { to: B, amountWei: 1000n },
      { to: "0x0000000000000000000000000000000000000001", amountWei: 1n },
    ]);
    expect(chainId).toBe(1337n);
  });

  it("takes what lies just within the limits", () => {
    const most = { code: `0x${"00".repeat(24_576)}`, nonce: `${2n ** 64n - 2n}`, balance: `${2n ** 128n}` };
    const { alloc, deposits } = parse({ [A]: most });
    expect(alloc[A]?.nonce).toBe(2n ** 64n - 2n);
    expect(deposits).toEqual([{ to: A, amountWei: 2n ** 128n }]);
    expect(parse({})).toEqual({ alloc: {}, deposits: [], hash: `0x${"00".repeat(32)}` });
  });

  it("has one hash however it is written, and another when anything in it is another", () => {
    const base = { [A]: { balance: "16", code: "0x00", storage: { "0x1": "0x2" } }, [B]: { balance: "1" } };
    const { hash } = parse(base);
    const same = { [B]: { balance: 1 }, [A.slice(2)]: { balance: "0x10", code: "0x00", storage: { "01": "02" } } };
    expect(parse(same, { nonce: "0x42" }).hash).toBe(hash);
    const a = base[A]!;
    for (const other of [{ balance: "17" }, { code: "0x01" }, { nonce: 1 }, { storage: { "0x1": "0x3" } }])
      expect(parse({ ...base, [A]: { ...a, ...other } }).hash).not.toBe(hash);
    expect(parse({ [A]: a }).hash).not.toBe(hash);
  });
});

describe("checkGenesis", () => {
  const file = parse({ [A]: { code: "0x00" } });
  const base = testChainFile(`0x${"12".repeat(32)}`, 1_700_000_000n).genesis;
  const header = { ...base.header, stateRoot: genesisRoot(file.alloc) };
  const genesis: ChainFile["genesis"] = { header, hash: hashHeader(header), alloc: file.alloc, fileHash: file.hash };
  const { fileHash: _, ...without } = genesis;

  test("refuses a header that is not the named one, accounts that are not the header's, another file", () => {
    const changed = { ...header, timestamp: 1n };
    expect(() => checkGenesis({ ...genesis, header: changed })).toThrowError(
      expect.objectContaining({ code: "genesis-header", expected: genesis.hash, actual: hashHeader(changed) }),
    );
    const alloc = { ...file.alloc, [B]: { code: "0x01" } } as const;
    expect(() => checkGenesis({ ...genesis, alloc })).toThrowError(
      expect.objectContaining({ code: "genesis-state", expected: header.stateRoot, actual: genesisRoot(alloc) }),
    );
    const other = parse({ [A]: { code: "0x01" } });
    expect(() => checkGenesis(genesis, other)).toThrowError(
      expect.objectContaining({ code: "genesis-mismatch", expected: file.hash, actual: other.hash }),
    );
    expect(() => checkGenesis(without, file)).toThrowError(expect.objectContaining({ expected: "no genesis file" }));
  });

  test("accepts a chain without its file, and with it", () => {
    checkGenesis(genesis);
    checkGenesis(genesis, file);
    checkGenesis(without);
  });
});
