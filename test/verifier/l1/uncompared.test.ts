// What one of several endpoints says beside what is compared.
import { createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { openAccountSender, openL1 } from "../../../verifier/clients.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { type LyingL1, startLyingL1 } from "../../support/lying-l1.ts";
import { until } from "../../support/until.ts";

const METHODS = ["eth_getTransactionReceipt", "eth_getTransactionByHash"];
const { privateKey } = devAccount("user");
let l1: TestL1;
let liar: LyingL1;
let hash: Hex;
let other: Hex;
beforeAll(async () => {
  l1 = await startL1();
  liar = await startLyingL1(l1.url);
  const wallet = createWalletClient({ account: privateKeyToAccount(privateKey), transport: http(l1.url) });
  const { inbox, prepaidGas: address } = l1.chain.contracts;
  const deposit = async (value: bigint) => {
    const call = { address, abi: prepaidGasAbi, functionName: "deposit", args: [inbox], value, chain: null } as const;
    const sent = await wallet.writeContract(call);
    await until(() => l1.client.getTransactionReceipt({ hash: sent }).catch(() => undefined));
    return sent;
  };
  hash = await deposit(1n);
  other = await deposit(10n ** 18n);
});
afterEach(() => {
  for (const method of METHODS) liar.lie(method, undefined);
});
afterAll(() => {
  liar?.stop();
  l1?.stop();
});

/** The liar is the first of three; the two others are one and the same. */
const open = () => openL1({ urls: [liar.url, l1.url, `${l1.url}/`], chain: l1.chain, pollMs: 20 }, () => {});

describe("of a transaction that all endpoints have alike, what nobody compares", () => {
  it.each(["effectiveGasPrice", "cumulativeGasUsed", "transactionIndex", "blobGasPrice"])(
    "hides no receipt: %s",
    async (field) => {
      liar.lie("eth_getTransactionReceipt", (receipt: object) => ({ ...receipt, [field]: "no number" }));
      expect((await open().client.getTransactionReceipt({ hash })).status).toBe("success");
    },
  );

  it.each(["gas", "gasPrice", "chainId", "v"])("hides no transaction: %s", async (field) => {
    liar.lie("eth_getTransactionByHash", (one: object) => ({ ...one, [field]: "no number" }));
    expect((await open().client.getTransaction({ hash })).value).toBe(1n);
  });

  it("names no other transaction: what was spent would be another's value", async () => {
    liar.lie("eth_getTransactionReceipt", (receipt: object) => ({ ...receipt, transactionHash: other }));
    expect((await open().client.getTransactionReceipt({ hash })).transactionHash).toBe(hash);
  });

  it("gives it no blobs, nor is it in doubt for saying that it has none", async () => {
    const shown = (hashes: unknown) => (one: object) => ({ ...one, blobVersionedHashes: hashes });
    liar.lie("eth_getTransactionByHash", shown(null));
    const { client } = open();
    expect((await client.getTransaction({ hash })).value).toBe(1n);
    liar.lie("eth_getTransactionByHash", shown([`0x01${"00".repeat(31)}`]));
    const found = await until(() => client.getTransaction({ hash }).catch(() => undefined));
    expect(found.blobVersionedHashes).toEqual([]);
  });

  it("keeps no sender from hearing that what it sent is in a block", async () => {
    liar.lie(
      "eth_getTransactionReceipt",
      (receipt: object | null) => receipt && { ...receipt, effectiveGasPrice: "no number" },
    );
    const { inbox, prepaidGas: address } = l1.chain.contracts;
    const sender = openAccountSender(open(), privateKey, 2000);
    const call = { address, abi: prepaidGasAbi, functionName: "deposit", args: [inbox], valueWei: 1n };
    expect((await sender.send(call)).status).toBe("success");
  });
});
