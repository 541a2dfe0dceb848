// One node on a real L1: money goes in, is used, and comes out again through a state claim.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  type Hex,
  http,
  numberToHex,
  type PublicClient,
  parseEther,
} from "viem";
import { generatePrivateKey, privateKeyToAccount, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../../cli/paths.ts";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { LEDGER_ADDRESS, lower, OUTBOX_ADDRESS } from "../../../common/addresses.ts";
import { encodeChainFile } from "../../../common/chain-file.ts";
import { bridgeAbi } from "../../../common/contracts/bridge.ts";
import { outboxAbi } from "../../../common/contracts/outbox.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { stateClaimsAbi } from "../../../common/contracts/state-claims.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { Accountant } from "../../../l2-node/execution/accountant.ts";
import { auditStateClaims } from "../../../l2-node/execution/audit.ts";
import { stateClaim } from "../../../l2-node/execution/state-claim.ts";
import { StateClaimLog } from "../../../l2-node/execution/state-claim-log.ts";
import { openL1Clients } from "../../../l2-node/l1/clients.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { ledgerAbi } from "../../../l2-node/ledger/ledger-message.ts";
import { type NodeEvent, type RunningNode, startNode } from "../../../l2-node/node.ts";
import { openEndpoints } from "../../../verifier/l1/endpoints.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { type LyingL1, startLyingL1 } from "../../support/lying-l1.ts";
import { until } from "../../support/until.ts";

const user = devAccount("user");
let l1: TestL1;
let node: RunningNode;
const told: NodeEvent[] = [];
const folder = mkdtempSync(join(tmpdir(), "anh-accountant-"));

beforeAll(async () => {
  l1 = await startL1();
  node = await startNode(
    {
      role: "sequencer",
      execute: "lazy",
      audit: "on",
      dataDir: folder,
      chainFile: "",
      l1Url: l1.url,
      l1WitnessUrls: [],
      l1BeaconUrls: [],
      host: "127.0.0.1",
      port: 0,
      logLevel: "error",
      sequencerKey: devAccount("sequencer").privateKey,
      blockTimeMs: 50,
      heartbeatMs: 500,
      originLagBlocks: 0,
      anchorIntervalMs: 100,
      pollMs: 20,
      maxPoolTransactions: 100,
      maxBlobBytes: 0,
    },
    {
      chain: l1.chain,
      routers: () => [],
      events: (event) => told.push(event),
      onFatal: (error) => {
        throw error;
      },
      clientVersion: "test",
    },
  );
});
afterAll(async () => {
  await node?.close();
  l1?.stop();
  rmSync(folder, { recursive: true });
});

function accountantFor({ chain, execution }: RunningNode): Accountant {
  const sender = new L1Sender(
    {
      privateKey: devAccount("accountant").privateKey,
      l1ChainId: l1.chain.l1ChainId,
      bumpAfterMs: 5000,
      pollMs: 20,
    },
    { client: l1.client },
  );
  const modules = { client: l1.client, chain, execution: execution!, sender };
  return new Accountant(
    { intervalMs: 50, postEverySeconds: 0n },
    { ...modules, onTrouble: () => {}, onPosted: () => {}, onSettled: () => {} },
  );
}

test("deposit, spend, withdraw once, and redeem what was not used", async () => {
  const execution = node.execution!;
  const { contracts, clocks } = l1.chain;
  const account = privateKeyToAccount(user.privateKey);
  const onL1 = createWalletClient({ account, transport: http(l1.url), pollingInterval: 20 });
  const l2 = defineChain({
    id: Number(l1.chain.l2ChainId),
    name: "l2",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [node.url] } },
  });
  const onL2 = createWalletClient({ account, chain: l2, transport: http(), pollingInterval: 20 });
  const reader = createPublicClient({ chain: l2, transport: http(), pollingInterval: 20 });
  const writeL1 = async (call: object) => {
    const hash = await onL1.writeContract({ chain: null, ...call } as never);
    return l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  };
  const value = parseEther("1");
  const gas = {
    address: contracts.prepaidGas,
    abi: prepaidGasAbi,
    functionName: "deposit",
    args: [user.address],
    value,
  };
  await writeL1(gas);
  const bridge = { address: contracts.bridge, abi: bridgeAbi } as const;
  await writeL1({ ...bridge, functionName: "depositEth", args: [user.address], value });
  await until(async () => ((await execution.account(user.address, "latest")).balanceWei > 0n ? true : undefined));

  const withdrawal = {
    address: OUTBOX_ADDRESS,
    abi: outboxAbi,
    functionName: "withdraw",
    args: [user.address],
  } as const;
  const hash = await onL2.writeContract({ ...withdrawal, value: 12345n, gas: 3_000_000n });
  const receipt = await reader.waitForTransactionReceipt({ hash });
  expect(receipt.status).toBe("success");
  await until(() => (node.chain.heads().safe >= receipt.blockNumber ? true : undefined));
  const withdrawalStatus = (index: Hex) =>
    reader.request({ method: "anh_getWithdrawalStatus", params: [index] } as never) as Promise<object | null>;
  expect(await withdrawalStatus("0x1")).toBeNull();
  const begun = { index: "0x0", amountWei: "0x3039", blockNumber: numberToHex(receipt.blockNumber) };
  expect(await withdrawalStatus("0x0")).toMatchObject({ ...begun, state: "unclaimed" });

  const modules = { client: l1.client, chain: node.chain, execution };
  const accountant = accountantFor(node);
  const posted = (await accountant.post())!;
  expect(posted.number).toBeGreaterThanOrEqual(receipt.blockNumber);
  expect(await accountant.settle()).toBeUndefined();
  const claims = { address: contracts.stateClaims, abi: stateClaimsAbi } as const;
  const settleableAt = numberToHex(
    await l1.client.readContract({ ...claims, functionName: "settleableAt", args: [posted.number] }),
  );
  const against = { number: numberToHex(posted.number), settleableAt };
  expect(await withdrawalStatus("0x0")).toMatchObject({ ...begun, state: "claimed", ...against });
  expect(await auditStateClaims({ ...modules, log: new StateClaimLog(l1.client, l1.chain) }, 0n)).toEqual({
    checkedTo: posted.number,
    wrong: [],
  });

  await l1.warp(clocks.stateWindowSeconds + 1);
  expect(await accountant.settle()).toBe(posted.number);
  expect(await accountant.settle()).toBeUndefined();

  const { withdrawal: record, proof, outboxRoot } = (await execution.withdrawalProof(0n, posted.number))!;
  expect(outboxRoot).toBe(posted.outboxRoot);
  expect(await withdrawalStatus("0x0")).toMatchObject({ ...begun, state: "settled", ...against });
  const { l2ChainId: _, ...args } = record;
  const finalize = { ...bridge, functionName: "finalizeWithdrawal", args: [posted.number, args, proof] };
  expect((await writeL1(finalize)).status).toBe("success");
  await expect(writeL1(finalize)).rejects.toThrow("AlreadyPaid");
  expect(await withdrawalStatus("0x0")).toMatchObject({ ...begun, state: "paid", ...against });

  await until(() => node.chain.store.l1.settledAt(node.chain.head().header.origin.inboxCount));
  const credit = (await execution.creditProof(user.address, posted.number))!;
  expect(credit.cumulativeWei).toBeGreaterThan(0n);
  const before = node.chain.store.blocks.account(lower(user.address)).redeemedWei;
  expect(before).toBe(0n);
  const redeem = { address: LEDGER_ADDRESS, abi: ledgerAbi, functionName: "redeem" } as const;
  const redeemed: Hex = await onL2.writeContract({
    ...redeem,
    args: [credit.cumulativeWei, credit.index, credit.proof],
    gas: 1_000_000n,
  });
  expect((await reader.waitForTransactionReceipt({ hash: redeemed })).status).toBe("success");
  expect(node.chain.store.blocks.account(lower(user.address)).redeemedWei).toBe(credit.cumulativeWei);
});

test("`anh tx withdraw` says what it waits for, settles what may be settled, and pays once", async () => {
  const chainFile = join(folder, "chain.json");
  writeFileSync(chainFile, encodeChainFile(l1.chain));
  const withdraw = (hash: string, ...options: readonly string[]) =>
    withdrawWith(devAccount("relayer").privateKey, hash, ...options);
  const withdrawWith = (key: string, hash: string, ...options: readonly string[]) => {
    const urls = ["--chain-file", chainFile, "--l1-url", l1.url, "--node-url", node.url, "--json"];
    return new Promise<{ readonly code: number; readonly json: Record<string, unknown> }>((resolve) =>
      execFile(
        process.execPath,
        [`${ROOT}cli/main.ts`, "tx", "withdraw", hash, ...urls, ...options],
        { env: { ...process.env, ANH_KEY: key } },
        (error, stdout) => resolve({ code: Number(error?.code ?? 0), json: JSON.parse(stdout) }),
      ),
    );
  };
  const account = privateKeyToAccount(user.privateKey);
  const transport = http(node.url);
  const onL2 = createWalletClient({ account, transport, pollingInterval: 20 });
  const reader = createPublicClient({ transport, pollingInterval: 20 });
  const send = async (call: object) => {
    const hash = await onL2.sendTransaction({ chain: null, gas: 3_000_000n, ...call } as never);
    return reader.waitForTransactionReceipt({ hash });
  };
  const to = "0x00000000000000000000000000000000000000cc";
  const data = encodeFunctionData({ abi: outboxAbi, functionName: "withdraw", args: [to] });
  const other = await send({ to, value: 1n });
  const begun = await send({ to: OUTBOX_ADDRESS, data, value: 77n });
  const hash = begun.transactionHash;
  expect(await withdraw("0x12")).toMatchObject({ code: 2, json: { error: { code: "usage" } } });
  expect(await withdrawWith("hello", hash)).toMatchObject({ code: 2, json: { error: { code: "usage" } } });
  expect(await withdraw(ZERO_HASH)).toMatchObject({ code: 1, json: { error: { code: "not-found" } } });
  expect(await withdraw(other.transactionHash)).toMatchObject({ json: { error: { code: "no-withdrawal" } } });

  await until(() => (node.chain.heads().safe >= begun.blockNumber ? true : undefined));
  const claim = `a state claim on L2 block ${begun.blockNumber}`;
  expect(await withdraw(hash)).toMatchObject({
    code: 0,
    json: { transaction: hash, paid: [], waiting: [{ index: "0x1", for: expect.stringContaining(claim) }] },
  });
  const posted = (await accountantFor(node).post())!;
  const open = (await withdraw(hash)).json.waiting;
  expect(open).toMatchObject([
    { for: expect.stringMatching(`window of state claim ${posted.number}, .* from \\d{4}-`) },
  ]);

  await l1.warp(l1.chain.clocks.stateWindowSeconds + 1);
  // Whoever cannot pay the gas is told so, by name.
  const poor = generatePrivateKey();
  expect(await withdrawWith(poor, hash)).toMatchObject({
    code: 1,
    json: { error: { code: "l1-refused", message: expect.stringContaining(privateKeyToAddress(poor)) } },
  });
  const paid = (await withdraw(hash, "--wait")).json;
  expect(paid).toMatchObject({ waiting: [], paid: [{ index: "0x1", to, amountWei: "0x4d", state: "paid" }] });
  expect((paid.paid as object[])[0]).toHaveProperty("l1Transaction");
  expect(await l1.client.getBalance({ address: to })).toBe(77n);
  const again = await withdraw(hash);
  expect([again.code, (again.json.paid as object[])[0]]).toEqual([
    0,
    expect.not.objectContaining({ l1Transaction: expect.anything() }),
  ]);
  expect(await l1.client.getBalance({ address: to })).toBe(77n);
});

test("a false state claim is told apart from a true one", async () => {
  const execution = node.execution!;
  const claims = { address: l1.chain.contracts.stateClaims, abi: stateClaimsAbi } as const;
  const lastPosted = await l1.client.readContract({ ...claims, functionName: "lastPosted" });
  const number = await until(() => {
    const { safe } = node.chain.heads();
    return safe > lastPosted ? safe : undefined;
  });
  const roots = await execution.roots(number);
  const lie = { ...roots, stateRoot: `0x${"66".repeat(32)}` as Hex, blocksRoot: `0x${"77".repeat(32)}` as Hex };
  const poster = createWalletClient({
    account: privateKeyToAccount(devAccount("accountant").privateKey),
    transport: http(l1.url),
  });
  const hash = await poster.writeContract({
    chain: null,
    ...claims,
    functionName: "post",
    args: [lie],
  });
  await l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  const modules = { client: l1.client, chain: node.chain, execution };
  const { wrong } = await auditStateClaims({ ...modules, log: new StateClaimLog(l1.client, l1.chain) }, 0n);
  expect(wrong.map(({ posted, own }) => [posted.number, posted.stateRoot, own.stateRoot])).toEqual([
    [number, lie.stateRoot, roots.stateRoot],
  ]);
  // The running node says so of its own accord.
  const alarm = await until(() => told.find(({ event }) => event === "false-state-claim"));
  expect(alarm).toMatchObject({ posted: { number, stateRoot: lie.stateRoot }, own: { stateRoot: roots.stateRoot } });
});

describe("with an endpoint that lies about state claims", () => {
  let liar: LyingL1;
  beforeAll(async () => {
    liar = await startLyingL1(l1.url);
  });
  afterAll(() => liar.stop());
  const clientOf = (...urls: [string, ...string[]]) => {
    const events: { readonly event: string }[] = [];
    const endpoints = openEndpoints(urls, (event) => events.push(event));
    const patience = { stuckMs: 1_000, lateMs: 600_000 };
    return { ...openL1Clients({ chain: l1.chain, patience }, endpoints, () => {}), events };
  };
  const accountantOf = (client: PublicClient) => {
    const sender = new L1Sender(
      { privateKey: devAccount("accountant").privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 20 },
      { client },
    );
    const modules = { client, chain: node.chain, execution: node.execution!, sender };
    const told = { onTrouble: () => {}, onPosted: () => {}, onSettled: () => {} };
    return new Accountant({ intervalMs: 50, postEverySeconds: 0n }, { ...modules, ...told });
  };

  test("the next one is of the blocks behind the last that L1 has, or there is none", async () => {
    const lastPosted = { abi: stateClaimsAbi, functionName: "lastPosted" } as const;
    const right = await l1.client.readContract({ ...lastPosted, address: l1.chain.contracts.stateClaims });
    await until(() => node.chain.heads().safe > right || undefined);
    const asked = encodeFunctionData(lastPosted);
    liar.lie("eth_call", (result, [call]) =>
      (call as unknown as { data: Hex }).data === asked ? numberToHex(right - 1n, { size: 32 }) : result,
    );
    await expect(accountantOf(clientOf(liar.url, l1.url).comparing).post()).rejects.toThrow(/eth_call differently/);
    // More than half of them: not at once, and then without the liar.
    const { comparing, events } = clientOf(liar.url, l1.url, l1.url);
    await expect(accountantOf(comparing).post()).rejects.toThrow(/eth_call differently/);
    const claim = await until(() =>
      accountantOf(comparing)
        .post()
        .catch(() => undefined),
    );
    expect(claim).toEqual(await stateClaim(node.execution!, right + 1n, claim.number));
    expect(events).toContainEqual(
      expect.objectContaining({ event: "l1-endpoint-failed", url: liar.url, code: "l1-outvoted" }),
    );
  });

  test("none is hidden from who looks for false ones", async () => {
    const withoutLogs = (receipts: readonly object[]) => receipts.map((receipt) => ({ ...receipt, logs: [] }));
    liar.lie("eth_getBlockReceipts", withoutLogs as never);
    liar.lie("eth_getLogs", () => []);
    const shown = await new StateClaimLog(clientOf(liar.url, l1.url).comparing, l1.chain).read();
    expect(shown).toEqual(await new StateClaimLog(l1.client, l1.chain).read());
    expect(shown.length).toBeGreaterThan(1);
  });
});
