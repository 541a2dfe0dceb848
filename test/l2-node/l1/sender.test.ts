// What a node sends to L1, where one of its endpoints lies of fees, gas or what it takes: the others are honest.
import { type Hex, numberToHex, type PublicClient, RpcRequestError } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { endpointsOf } from "./liar-rig.ts";

const privateKey = devAccount("sequencer").privateKey;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

it("the tip of a node's transactions is not what one endpoint names", async () => {
  const tip = 10n ** 15n;
  for (const lies of [
    { eth_maxPriorityFeePerGas: () => numberToHex(tip) },
    // viem takes a tip that nobody tells from the price.
    {
      eth_maxPriorityFeePerGas: () => Promise.reject(new Error("no such method")),
      eth_gasPrice: () => numberToHex(tip),
    },
  ])
    await isCheap(endpointsOf(l1, lies).comparing, tip);
});

async function isCheap(client: PublicClient, tip: bigint): Promise<void> {
  const sender = new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 }, { client });
  const before = await l1.client.getBalance({ address: sender.account.address });
  const sent = await sender.send({ to: devAccount("user").address, data: "0x", valueWei: 0n });
  const paid = before - (await l1.client.getBalance({ address: sender.account.address }));
  expect(sent.effectiveGasPrice).toBeLessThan(tip);
  expect(paid).toBeLessThan(10n ** 15n);
}

it("no fee is what one of three names, whatever it offers", async () => {
  await l1.hold();
  const right = await Promise.all([
    l1.client.request({ method: "eth_maxPriorityFeePerGas" }),
    l1.client.request({ method: "eth_gasPrice" }),
    l1.client.request({ method: "eth_blobBaseFee" }),
  ]);
  for (const offer of [numberToHex(0n), numberToHex(2n ** 100n)]) {
    const told = () => offer;
    const lies = { eth_maxPriorityFeePerGas: told, eth_gasPrice: told, eth_blobBaseFee: told };
    const { client, comparing } = endpointsOf(l1, lies, 2);
    for (const { request } of [client, comparing])
      expect([
        await request({ method: "eth_maxPriorityFeePerGas" }),
        await request({ method: "eth_gasPrice" }),
        await request({ method: "eth_blobBaseFee" }),
      ]).toEqual(right);
  }
  await l1.resume();
});

describe("the gas of a node's transaction", () => {
  const call = { account: devAccount("sequencer").address, to: devAccount("user").address, value: 1n };
  const lies = [0n, 2n ** 40n].map((gas) => ({ eth_estimateGas: () => numberToHex(gas) }));

  it("is not what one of three estimates, too little or too much", async () => {
    const right = await l1.client.estimateGas(call);
    for (const lie of lies) expect(await endpointsOf(l1, lie, 2).comparing.estimateGas(call)).toBe(right);
  });

  it("is what the larger of two needs, and no more than L1 takes", async () => {
    for (const lie of lies) await isCheap(endpointsOf(l1, lie).comparing, 10n ** 15n);
  });
});

describe("a transaction that one endpoint takes, or refuses, alone", () => {
  const refusal = (message: string) =>
    Promise.reject(new RpcRequestError({ body: {}, url: "http://liar", error: { code: -32000, message } }));
  const senderOf = (key: Hex, { comparing: client }: ReturnType<typeof endpointsOf>) =>
    new L1Sender({ privateKey: key, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 300, pollMs: 10 }, { client });
  const call = { to: devAccount("user").address, data: "0x", valueWei: 0n } as const;

  it("who takes everything hides for one wait that the others refuse: the account is empty", async () => {
    const poor = `0x${"07".repeat(32)}` as const;
    const lying = endpointsOf(l1, { eth_sendRawTransaction: () => `0x${"11".repeat(32)}` });
    await expect(senderOf(poor, lying).send(call)).rejects.toThrow(/insufficient funds/i);
  });

  for (const words of [
    "nonce too low",
    "replacement transaction underpriced",
    "insufficient funds",
    "already reserved",
  ])
    it(`who says "${words}" alone keeps no transaction from being seen in its block`, async () => {
      const lying = endpointsOf(l1, { eth_sendRawTransaction: () => refusal(words) });
      const { status, effectiveGasPrice } = await senderOf(privateKey, lying).send(call);
      expect(status).toBe("success");
      expect(effectiveGasPrice).toBeLessThan(10n ** 11n);
    });
});
