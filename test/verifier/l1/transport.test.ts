// Transactions where an L1 endpoint keeps, refuses, prices or shows them otherwise than the others.
import { createWalletClient, custom, type Hex, type Log, numberToHex, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { type Endpoint, gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import { partlyRefused, sendByAll } from "../../../verifier/l1/send-by-all.ts";
import type { Lie } from "../../support/lying-l1.ts";
import { until } from "../../support/until.ts";
import { failed, failure, type LiarRig, openLiarRig, type Receipt } from "./rig.ts";

let rig: LiarRig;
beforeAll(async () => {
  rig = await openLiarRig();
});
afterEach(() => rig.tellTruth());
afterAll(() => rig?.stop());

describe("a transaction", () => {
  const account = privateKeyToAccount(devAccount("challenger").privateKey);
  const send = async (client: PublicClient): Promise<Hex> => {
    const wallet = createWalletClient({ account, transport: custom(client, { retryCount: 0 }) });
    // anvil may have it in a block before the second endpoint is told of it, and that one says so.
    return wallet.sendTransaction({ to: account.address, value: 1n, chain: null }).catch((error) => {
      const hash = partlyRefused(error)?.hash;
      if (hash === undefined) throw error;
      return hash;
    });
  };

  it("that an endpoint keeps to itself goes out by the others", async () => {
    const kept = `0x${"11".repeat(32)}`;
    rig.liar.lie("eth_sendRawTransaction", () => kept);
    const { client } = rig.open(rig.liar.url, rig.l1.url);
    const hash = await send(client);
    expect(hash).not.toBe(kept);
    expect((await until(() => client.getTransactionReceipt({ hash }).catch(() => undefined))).status).toBe("success");
  });

  it("that one takes which others refuse is told as such, by who refuses it and why", async () => {
    const taken = `0x${"11".repeat(32)}`;
    const serializedTransaction = await account.signTransaction({
      ...{ type: "eip1559", chainId: Number(rig.l1.chain.l1ChainId), nonce: 0, to: account.address, gas: 21_000n },
      ...{ maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n },
    });
    // Its nonce is taken since the test before.
    const taking: Endpoint = { shown: "taking", ask: async () => taken };
    const honest: Endpoint = {
      shown: "honest",
      ask: (method, params) => rig.l1.client.request({ method, params } as never),
    };
    const endpoints = gatherEndpoints([taking, honest], () => {});
    const sent = sendByAll(endpoints, [serializedTransaction]);
    await expect(sent).rejects.toThrow(/^honest refuses what others take: .*nonce too low/);
    await expect(sent).rejects.toMatchObject({ hash: keccakHex(bytesOfHex(serializedTransaction)) });
    await expect(
      sendByAll(
        gatherEndpoints([honest], () => {}),
        [serializedTransaction],
      ),
    ).rejects.toThrow(/nonce/);
  });

  it("does not pay what one endpoint names as the fee", async () => {
    rig.liar.lie("eth_maxPriorityFeePerGas", () => numberToHex(10n ** 15n));
    const { client } = rig.open(rig.liar.url, rig.l1.url);
    expect((await client.estimateFeesPerGas()).maxPriorityFeePerGas).toBeLessThan(10n ** 12n);
  });

  it("takes no gas that one endpoint fills in", async () => {
    rig.liar.lie("eth_fillTransaction", ({ tx, ...rest }: { tx: object }) => ({ ...rest, tx: { ...tx, gas: "0x1" } }));
    const { prepaidGas: address, inbox } = rig.l1.chain.contracts;
    const call = { account, address, abi: prepaidGasAbi, functionName: "deposit", args: [inbox], value: 1n } as const;
    expect(await rig.open(rig.liar.url, rig.l1.url).client.estimateContractGas(call)).toBeGreaterThan(30_000n);
  });

  it("that was included for one endpoint and not for another is not yet", async () => {
    rig.liar.lie("eth_getTransactionReceipt", () => null);
    const { client } = rig.open(rig.liar.url, rig.l1.url);
    const hash = await send(client);
    await until(() => rig.l1.client.getTransactionReceipt({ hash }).catch(() => undefined));
    await expect(client.getTransactionReceipt({ hash })).rejects.toThrow("could not be found");
    rig.liar.lie("eth_getTransactionReceipt", (receipt) => ({ ...(receipt as object), status: "0x0" }));
    expect(await failure(client.getTransactionReceipt({ hash }))).toBe("l1-endpoints-disagree");
  });

  it("that an endpoint shows in no shape that it can have is as the others show it", async () => {
    const { transactionHash: hash } = (await rig.logsOf(rig.l1.client))[0]!;
    const lies: readonly ((receipt: Receipt) => unknown)[] = [
      (receipt) => ({ ...receipt, blockNumber: "no number" }),
      (receipt) => ({ ...receipt, blockNumber: undefined }),
      (receipt) => ({ ...receipt, blockNumber: [] }),
      (receipt) => ({ ...receipt, blockNumber: "0x" }),
      () => "0x",
      () => [],
      () => 7,
      () => JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`),
    ];
    for (const lie of lies) {
      rig.liar.lie("eth_getTransactionReceipt", lie as Lie);
      const { client, events } = rig.open(rig.liar.url, rig.l1.url);
      expect((await client.getTransactionReceipt({ hash })).status, lie.toString()).toBe("success");
      expect(failed(events), lie.toString()).toMatchObject({ url: rig.liar.url, code: "l1-malformed" });
    }
  });

  it("that one shows in no block is not yet", async () => {
    const { transactionHash: hash } = (await rig.logsOf(rig.l1.client))[0]!;
    const { client, events } = rig.open(rig.liar.url, rig.l1.url);
    for (const method of ["eth_getTransactionReceipt", "eth_getTransactionByHash"])
      rig.liar.lie(method, (shown) => ({ ...(shown as object), blockNumber: null, blockHash: null }));
    await expect(client.getTransactionReceipt({ hash })).rejects.toThrow("could not be found");
    await expect(client.getTransaction({ hash })).rejects.toThrow("could not be found");
    expect(events).toEqual([]);
  });

  it("has the block and the logs of which nobody says otherwise", async () => {
    const [{ transactionHash: hash }] = (await rig.logsOf(rig.l1.client)) as [Log<bigint, number, false>];
    const changed = (change: (log: object) => object) => (receipt: Receipt) => ({
      ...receipt,
      logs: receipt.logs.map(change),
    });
    const lies: readonly ((receipt: Receipt) => object)[] = [
      (receipt) => ({ ...receipt, blockNumber: "0xffffffffff" }),
      (receipt) => ({ ...receipt, logs: [] }),
      (receipt) => ({ ...receipt, logs: null }),
      (receipt) => ({ ...receipt, logs: [...receipt.logs, ...receipt.logs] }),
      changed((log) => ({ ...log, address: devAccount("user").address })),
      changed((log) => ({ ...log, topics: [] })),
      changed((log) => ({ ...log, data: "0x01" })),
    ];
    const { client } = rig.open(rig.liar.url, rig.l1.url);
    for (const lie of lies) {
      rig.liar.lie("eth_getTransactionReceipt", lie as Lie);
      expect(await failure(client.getTransactionReceipt({ hash }))).toBe("l1-endpoints-disagree");
    }
    // Software differs in the order in which it tells the same.
    const reversed = (fields: object) => Object.fromEntries(Object.entries(fields).reverse());
    rig.liar.lie("eth_getTransactionReceipt", ((receipt: Receipt) => reversed(changed(reversed)(receipt))) as Lie);
    expect((await client.getTransactionReceipt({ hash })).logs).toHaveLength(1);
  });
});
