import { type Block, keccak256, numberToHex, toRlp } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signRaw, testAccount, testAddress } from "../../support/transactions.ts";
import { ETHER } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

type Fields = Record<string, string> & { transactions: unknown[] };
const HEADER_FIELDS = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty"],
  ...["number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas"],
  ...["withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"],
];
const QUANTITIES = new Set(
  "difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split(" "),
);
interface History {
  readonly oldestBlock: string;
  readonly baseFeePerGas: string[];
  readonly gasUsedRatio: number[];
  readonly reward: string[][];
}

/** What any reader computes from a block object. */
const hashOf = (block: Fields) =>
  keccak256(
    toRlp(
      HEADER_FIELDS.map((field) => {
        const value = block[field] as `0x${string}`;
        if (!QUANTITIES.has(field)) return value;
        return BigInt(value) === 0n ? "0x" : numberToHex(BigInt(value), { size: (value.length - 1) >> 1 });
      }),
    ),
  );

let rig: RpcRig;
let hashes: string[];

beforeAll(async () => {
  rig = await startRpcRig();
  hashes = [];
  for (const nonce of [0, 1])
    hashes.push(await rig.get("eth_sendRawTransaction", await signRaw({ nonce, value: 1n + BigInt(nonce) })));
  rig.seal();
  rig.seal();
});
afterAll(() => rig.stop());

describe("blocks", () => {
  it("hash to their hash, by number, tag and hash alike", async () => {
    expect(await rig.get("eth_blockNumber")).toBe("0x3");
    for (const number of ["0x1", "0x2", "0x3"]) {
      const block = await rig.get<Fields>("eth_getBlockByNumber", number, false);
      expect(hashOf(block)).toBe(block.hash);
      expect(await rig.get("eth_getBlockByHash", block.hash, false)).toEqual(block);
    }
    const latest = await rig.get("eth_getBlockByNumber", "latest", true);
    expect(await rig.get("eth_getBlockByNumber", "0x3", true)).toEqual(latest);
    expect(await rig.get("eth_getBlockByNumber", "pending", true)).toEqual(latest);
    expect((await rig.get<Fields>("eth_getBlockByNumber", "finalized", false)).number).toBe("0x0");
  });

  it("above the head are null, as are unknown hashes", async () => {
    expect(await rig.get("eth_getBlockByNumber", "0x4", false)).toBeNull();
    expect(await rig.get("eth_getBlockByHash", `0x${"12".repeat(32)}`, false)).toBeNull();
    expect(await rig.get("eth_getBlockReceipts", "0x4")).toBeNull();
    expect(await rig.get("eth_getBlockTransactionCountByNumber", "0x4")).toBeNull();
    expect(await rig.get("eth_getUncleCountByBlockNumber", "0x4")).toBeNull();
  });

  it("list their transactions as hashes or whole, at the places by which they are found", async () => {
    const block = await rig.get<Fields>("eth_getBlockByNumber", "0x2", true);
    expect((await rig.get<Fields>("eth_getBlockByNumber", "0x2", false)).transactions).toEqual(hashes);
    expect(await rig.get("eth_getBlockTransactionCountByNumber", "0x2")).toBe("0x2");
    expect(await rig.get("eth_getBlockTransactionCountByHash", block.hash)).toBe("0x2");
    expect(await rig.get("eth_getUncleCountByBlockHash", block.hash)).toBe("0x0");
    for (const [index, hash] of hashes.entries()) {
      const transaction = await rig.get<Record<string, string>>("eth_getTransactionByHash", hash);
      expect(transaction).toEqual(block.transactions[index]);
      expect(transaction).toMatchObject({ from: testAddress(0), transactionIndex: `0x${index}`, type: "0x2" });
      const at = numberToHex(index);
      expect(await rig.get("eth_getTransactionByBlockNumberAndIndex", "0x2", at)).toEqual(transaction);
      expect(await rig.get("eth_getTransactionByBlockHashAndIndex", block.hash, at)).toEqual(transaction);
    }
    expect(await rig.get("eth_getTransactionByBlockNumberAndIndex", "0x2", "0x2")).toBeNull();
  });
});

describe("accounts", () => {
  const zero = `0x${"33".repeat(20)}`;

  it("hold what each block left them", async () => {
    expect(await rig.get("eth_getBalance", zero, "0x1")).toBe("0x0");
    expect(await rig.get("eth_getBalance", zero, { blockNumber: "0x2" })).toBe("0x3");
    const { hash } = await rig.get<Fields>("eth_getBlockByNumber", "0x1", false);
    expect(await rig.get("eth_getBalance", zero, { blockHash: hash })).toBe("0x0");
    expect(await rig.get("eth_getBalance", zero, hash)).toBe("0x0");
    expect((await rig.ask("eth_getBalance", zero, `0x${"f".repeat(17)}`)).error?.code).toBe(-32602);
    expect((await rig.ask("eth_getBalance", zero, "0x4")).error?.message).toBe("header not found");
    expect((await rig.ask("eth_getBalance", zero, { blockHash: `0x${"12".repeat(32)}` })).error?.code).toBe(-32000);
  });

  it("show prepaid gas at the head as part of an own key's balance, and by itself", async () => {
    const prepaidWei = BigInt(await rig.get("anh_getPrepaidGas", testAddress(0)));
    expect(prepaidWei).toBeLessThan(ETHER);
    expect(BigInt(await rig.get("eth_getBalance", testAddress(0), "latest"))).toBe(prepaidWei + ETHER - 3n);
    expect(BigInt(await rig.get("eth_getBalance", testAddress(0), "0x3"))).toBe(prepaidWei + ETHER - 3n);
    expect(BigInt(await rig.get("eth_getBalance", testAddress(0), "0x1"))).toBe(ETHER);
  });

  it("count nonces at blocks, at the head, and with what waits in the mempool", async () => {
    const count = (tag: string) => rig.get("eth_getTransactionCount", testAddress(0), tag);
    expect([await count("0x1"), await count("0x2"), await count("latest"), await count("pending")]).toEqual([
      ...["0x0", "0x2", "0x2", "0x2"],
    ]);
    const waiting = await rig.get("eth_sendRawTransaction", await signRaw({ nonce: 2 }));
    expect([await count("latest"), await count("pending")]).toEqual(["0x2", "0x3"]);
    expect(await rig.get("eth_getTransactionByHash", waiting)).toMatchObject({ blockHash: null, nonce: "0x2" });
    expect(await rig.get("anh_getTransactionStatus", waiting)).toEqual({ state: "pending" });
    rig.seal();
    expect([await count("latest"), await count("pending")]).toEqual(["0x3", "0x3"]);
  });
});

describe("fees", () => {
  it("are suggested so that a byte of data costs at most 40 gas", async () => {
    const { baseFeeWei } = rig.store.l1.cursor()!;
    const tip = BigInt(await rig.get("eth_maxPriorityFeePerGas"));
    expect(tip).toBe(baseFeeWei);
    const { baseFeePerGas } = await rig.get<{ baseFeePerGas: string[] }>("eth_feeHistory", "0x1", "latest", []);
    expect(BigInt(await rig.get("eth_gasPrice"))).toBe(2n * BigInt(baseFeePerGas.at(-1)!) + tip);
    const estimate = async (bytes: number) =>
      BigInt(await rig.get("eth_estimateGas", { to: testAddress(1), data: `0x${"00".repeat(bytes)}` }));
    const perByte = Number((await estimate(2000)) - (await estimate(1000))) / 1000;
    // With 25 % to spare, and 10 gas of the floor for a zero byte.
    expect(perByte).toBeLessThanOrEqual(40 * 1.25 + 10);
  });

  it("have a history that ends with the next block's base fee, and never suggests less than the tip", async () => {
    const history = await rig.get<History>("eth_feeHistory", 3, "latest", [10, 50, 99]);
    expect(history.oldestBlock).toBe("0x2");
    expect(history.baseFeePerGas.length).toBe(4);
    expect(history.gasUsedRatio).toEqual([200_000 / 60_000_000, 0, 100_000 / 60_000_000]);
    expect(history.reward.map((percentiles) => percentiles.map(BigInt))).toEqual([
      [1_000_000_000n, 1_000_000_000n, 1_000_000_000n],
      [1_000_000n, 1_000_000n, 1_000_000n],
      [1_000_000_000n, 1_000_000_000n, 1_000_000_000n],
    ]);
    expect(await rig.get("eth_feeHistory", "0x0", "latest", [])).toMatchObject({ gasUsedRatio: [] });
    expect((await rig.get<typeof history>("eth_feeHistory", "0xffff", "latest")).gasUsedRatio.length).toBe(5);
    expect((await rig.ask("eth_feeHistory", "0x1", "0x99", [])).error?.code).toBe(-32000);
  });

  it("estimated are enough: exactly that gas is accepted, and executes", async () => {
    for (const data of ["0x", `0x${"ab".repeat(500)}`] as const) {
      const gas = BigInt(await rig.get("eth_estimateGas", { from: testAddress(0), to: testAddress(1), data }));
      const nonce = Number(await rig.get("eth_getTransactionCount", testAddress(0), "pending"));
      const [maxFeePerGas, maxPriorityFeePerGas] = [
        BigInt(await rig.get("eth_gasPrice")),
        BigInt(await rig.get("eth_maxPriorityFeePerGas")),
      ];
      const fees = { maxFeePerGas, maxPriorityFeePerGas };
      const hash = await rig.get(
        "eth_sendRawTransaction",
        await signRaw({ nonce, gas, data, to: testAddress(1), ...fees }),
      );
      rig.seal();
      expect(await rig.get("eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1" });
    }
  });

  it("beyond what a transaction may use are refused", async () => {
    const { error } = await rig.ask("eth_estimateGas", { to: testAddress(1), gasPrice: "0x1" });
    expect(error?.code).toBe(-32000);
    expect(error?.message).toMatch(
      /^max fee per gas less than block base fee: maxFeePerGas 1, baseFee \d+; .*suggests/,
    );
    const low = await rig.ask("eth_estimateGas", { to: testAddress(1), gas: "0x5209" });
    expect(low.error?.message).toMatch(/^gas required exceeds allowance \(21001\): at \d+ wei per gas, posting/);
  });
});

describe("transactions refused", () => {
  const refusal = async (raw: string) => (await rig.ask("eth_sendRawTransaction", raw)).error;
  const next = async () => Number(await rig.get("eth_getTransactionCount", testAddress(0), "pending"));

  it("carry the words wallets look for", async () => {
    const nonce = await next();
    const texts: [fields: Parameters<typeof signRaw>[0], text: string][] = [
      [{ nonce: nonce - 1 }, `nonce too low: next nonce ${nonce}, tx nonce ${nonce - 1}`],
      [{ nonce: nonce + 1000 }, "nonce too high"],
      [{ nonce: 0, key: 5 }, "insufficient funds for gas * price + value: prepaid gas has 0 wei, needed "],
      [{ nonce, gas: 20_000n }, "intrinsic gas too low: gas 20000, minimum needed 21000"],
      [
        { nonce, gas: 21_000n },
        "intrinsic gas too low: gas 21000, minimum needed 21005: 21000 to run it and 5 to post",
      ],
      [{ nonce, gas: 20_000_000n }, "transaction gas limit too high"],
      [{ nonce, maxFeePerGas: 10n, maxPriorityFeePerGas: 1n }, "max fee per gas less than block base fee"],
      [{ nonce, chainId: 1n }, "invalid chain id for signer: have 1 want 4141"],
      [{ nonce, to: null, data: `0x${"00".repeat(49_153)}`, gas: 9_000_000n }, "max initcode size exceeded"],
    ];
    for (const [fields, text] of texts) {
      const error = await refusal(await signRaw(fields));
      expect([error?.code, error?.message.slice(0, text.length)]).toEqual([-32000, text]);
    }
  });

  it("say how to pay in what is missing", async () => {
    const error = await refusal(
      await signRaw({ key: 5, nonce: 0, gas: 50_000n, maxFeePerGas: 2_000_000n, maxPriorityFeePerGas: 1n }),
    );
    const missing = /missing (\d+) wei/.exec(error!.message)![1];
    expect(error?.data).toMatchObject({
      hint: `pay in at least ${missing} wei with PrepaidGas.deposit at ${rig.file.contracts.prepaidGas} on L1`,
    });
  });

  it("are those known already, and replacements that pay too little", async () => {
    const nonce = await next();
    const raw = await signRaw({ nonce });
    await rig.get("eth_sendRawTransaction", raw);
    expect((await refusal(raw))?.message).toBe("already known");
    const cheap = await signRaw({ nonce, maxFeePerGas: 10_999_999_999n });
    expect((await refusal(cheap))?.message).toBe("replacement transaction underpriced");
    const better = { maxFeePerGas: 11_000_000_000n, maxPriorityFeePerGas: 1_100_000_000n };
    const replacement = await rig.get("eth_sendRawTransaction", await signRaw({ nonce, ...better }));
    rig.seal();
    expect(await rig.get("eth_getTransactionReceipt", replacement)).toMatchObject({ status: "0x1" });
    expect(await rig.get("eth_getTransactionByHash", keccak256(raw))).toBeNull();
  });

  it("are those of types this chain does not have, unprotected ones, and what is no envelope", async () => {
    const account = testAccount(0);
    const sign = (transaction: object) => account.signTransaction(transaction as never);
    const base = { chainId: 4141, nonce: 0, gas: 100_000n, maxFeePerGas: 9n, to: testAddress(1) };
    const blob = await sign({
      ...base,
      type: "eip4844",
      maxFeePerBlobGas: 1n,
      blobVersionedHashes: [`0x01${"00".repeat(31)}`],
    });
    expect((await refusal(blob))?.message).toContain("transaction type not supported: 3");
    // With its sidecar it is larger than any transaction may be.
    expect((await refusal(`0x03${"00".repeat(1_200_000)}`))?.message).toContain("transaction type not supported: 3");
    const setCode = await sign({ ...base, type: "eip7702", authorizationList: [] });
    expect((await refusal(setCode))?.message).toContain("needs a list of authorizations");
    const unprotected = await sign({ type: "legacy", nonce: 0, gas: 100_000n, gasPrice: 9n, to: testAddress(1) });
    expect((await refusal(unprotected))?.message).toContain("only replay-protected (EIP-155) transactions allowed");
    for (const raw of ["0x", "0x00", "0x02", "0x02c0", "0xc0", "0xff", `0x02f9ffff${"00".repeat(40)}`])
      expect((await refusal(raw))?.code).toBe(-32000);
    expect((await refusal(`0x02${"00".repeat(140_000)}`))?.message).toContain("oversized data");
  });
});

describe("a node that executes nothing", () => {
  it("serves the chain, and says what it does not have", async () => {
    const bare = await startRpcRig({ context: { execution: undefined, mempool: undefined } });
    expect(await bare.get<Block>("eth_getBlockByNumber", "latest", false)).toMatchObject({ number: "0x1" });
    expect(await bare.get("eth_getTransactionCount", testAddress(0), "latest")).toBe("0x0");
    expect((await bare.ask("eth_call", {})).error?.code).toBe(-32601);
    expect((await bare.ask("eth_sendRawTransaction", await signRaw({}))).error?.code).toBe(-32004);
    expect(await bare.get("anh_syncStatus")).toMatchObject({ role: "replica", executed: null });
    await bare.stop();
  });
});
