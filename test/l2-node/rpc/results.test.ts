import { fromRlp, type Hex, keccak256, toHex, toRlp } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { decodeJob, inferId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { decodeTask, taskHash } from "../../../common/task.ts";
import { openDemandSource } from "../../../verifier/claims/demand-source.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "../execution/forcer.ts";
import { modelOf, testJob } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const INPUT = toHex(Uint8Array.from({ length: 16 }, (_, i) => i));
const GAS = 1_000_000n;
const job = testJob(FORCER);
const model = modelOf(job);
const infer = inferId(model, tensorRoot(bytesOfHex(INPUT)));
const claimed = (id: Hex, fields: Partial<Extract<Message, { kind: 3 }>> = {}): Message & { kind: 3 } => ({
  kind: 3,
  id,
  claimHash: keccak256(id),
  claimant: testAddress(9),
  resultRoot: keccak256(toHex("result")),
  soft: true,
  consumed: [],
  output: "0x",
  failedSteps: 0,
  ...fields,
});
const modelClaim = claimed(model);
const inferClaim = claimed(infer, { consumed: [modelClaim.claimHash], output: "0x2a00000000000000" });
const final = ({ id, claimHash }: Message & { kind: 3 }): Message => ({ kind: 5, id, claimHash });

let rig: RpcRig;
/** Waits for the inference. */
let parked: Hex;
const status = (hash = parked) => rig.get<Record<string, unknown>>("anh_getTransactionStatus", hash);
const count = (tag: string) => rig.get("eth_getTransactionCount", testAddress(0), tag);

beforeEach(async () => {
  rig = await startRpcRig({ alloc: forcers });
  await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: GAS });
  rig.seal();
  parked = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
  rig.seal();
});
afterEach(() => rig.stop());

describe("a parked transaction", () => {
  it("has no receipt, holds back the latest nonce, and is named with what it waits for", async () => {
    await rig.send({ to: testAddress(1), value: 1n });
    rig.seal();
    expect(await rig.get("eth_getTransactionReceipt", parked)).toBeNull();
    expect([await count("latest"), await count("pending")]).toEqual(["0x1", "0x3"]);
    // Nothing that is older has more.
    for (const tag of ["safe", "finalized", "0x3"]) expect(Number(await count(tag)), tag).toBeLessThanOrEqual(1);
    expect(await count("0x3")).toBe("0x1");
    expect(await status()).toMatchObject({ state: "parked", id: infer, anchored: false, includedInBlock: "0x3" });
    expect(await rig.get("eth_getTransactionByHash", parked)).toMatchObject({ blockNumber: "0x3" });
    expect(await rig.get("eth_getBlockReceipts", "0x3")).toEqual([]);
  });

  it("that failed says why", async () => {
    const lost = await rig.send({ to: FORCER, data: "0x12345678" });
    rig.seal();
    expect(await status(lost)).toMatchObject({ state: "executed-final", error: "execution reverted" });
    const hasty = testJob(FORCER, { deadline: 1_700_000_100n });
    await rig.send({ to: FORCER, data: forcerCall("train", hasty), value: 2_000_000_000n, gas: GAS });
    const late = await rig.send({ to: FORCER, data: forcerCall("infer", modelOf(hasty), INPUT), gas: GAS });
    rig.seal();
    expect(await status(late)).toMatchObject({ state: "parked" });
    while (rig.l1.head.timestamp <= hasty.deadline) rig.l1.mine();
    rig.deliver();
    const answer = inferId(modelOf(hasty), tensorRoot(bytesOfHex(INPUT)));
    expect(await status(late)).toMatchObject({ state: "executed-final", error: `no result of ${answer} in time` });
  });

  it("gets its receipt from the block that resumed it, soft, then final, then settled", async () => {
    rig.deliver(modelClaim, inferClaim);
    const receipt = await rig.get<Record<string, unknown>>("eth_getTransactionReceipt", parked);
    expect(receipt).toMatchObject({
      status: "0x1",
      blockNumber: "0x4",
      includedInBlock: "0x3",
      includedAtIndex: "0x0",
    });
    expect(await rig.get("eth_getBlockReceipts", "0x4")).toEqual([receipt]);
    expect(await rig.get("eth_getLogs", { address: FORCER })).toEqual(receipt.logs);
    expect(await count("latest")).toBe("0x2");
    const claims = [inferClaim.claimHash];
    expect(await status()).toMatchObject({ state: "executed-soft", open: claims });
    expect(await rig.get("anh_getUncertainty", parked)).toEqual(claims);
    expect(await rig.get("anh_getUncertainty", FORCER, "0x2")).toEqual(claims);

    rig.deliver(final(modelClaim), final(inferClaim));
    expect(await status()).toMatchObject({ state: "executed-final", blockNumber: "0x4" });
    expect(await rig.get("anh_getUncertainty", parked)).toEqual([]);
    rig.mine({ kind: 6, number: 4n, stateRoot: keccak256("0x"), creditsRoot: keccak256("0x") });
    expect(await status()).toMatchObject({ state: "settled" });
  });

  it("loses its receipt when the claim is overturned, and the node says that it derived anew", async () => {
    rig.deliver(modelClaim, inferClaim);
    expect(await rig.get("eth_getTransactionReceipt", parked)).toMatchObject({ status: "0x1" });
    rig.mine({ kind: 4, id: infer, claimHash: inferClaim.claimHash, lostSeconds: 0n });
    expect(await rig.get("eth_getTransactionReceipt", parked)).toBeNull();
    expect(await rig.get("anh_getRederivations")).toEqual({
      count: 1,
      latest: [{ from: "0x4", to: "0x4", claims: [inferClaim.claimHash] }],
    });
  });
});

describe("demands and jobs", () => {
  it("are understood by an executor, and carry bytes that give their ids", async () => {
    const demands = await openDemandSource(rig.url, 5000)();
    expect(demands.map(({ task }) => task.id)).toEqual([model, infer]);
    expect(modelOf(demands[0]!.job)).toBe(model);
    const [first, second] = await rig.get<{ jobBytes: Hex; taskBytes: Hex; parked: Hex[] }[]>("anh_getDemands");
    expect(modelOf(decodeJob(first!.jobBytes))).toBe(model);
    expect(taskHash(decodeTask(second!.taskBytes))).toBe(taskHash(demands[1]!.task));
    expect(second!.parked).toEqual([parked]);
    expect(await rig.get("anh_getInput", tensorRoot(bytesOfHex(INPUT)))).toBe(INPUT);
  });

  it("show how far they are", async () => {
    expect(await rig.get("anh_getJob", keccak256("0x"))).toBeNull();
    expect(await rig.get("anh_getJob", model)).toMatchObject({ status: "open", escrowWei: "0x77359400" });
    rig.deliver(modelClaim, inferClaim);
    expect(await rig.get("anh_getJobs")).toMatchObject([
      { id: model, status: "soft", claimHash: modelClaim.claimHash, claimant: testAddress(9) },
      { id: infer, status: "soft", output: inferClaim.output },
    ]);
    expect(await rig.get("anh_getDemands")).toEqual([]);
  });
});

describe("calls that force", () => {
  const request = { from: testAddress(0), to: FORCER, data: forcerCall("infer", model, INPUT) };

  it("revert with the id that is not there; estimates count what waiting costs", async () => {
    const { error } = await rig.ask("eth_call", request);
    expect(error).toMatchObject({ code: 3, message: `execution reverted: NotReady(${infer})` });
    expect(error?.data).toContain(infer.slice(2));
    const gas = BigInt(await rig.get("eth_estimateGas", request));
    const hash = await rig.send({ to: FORCER, data: request.data, gas });
    rig.seal();
    expect(await status(hash)).toMatchObject({ state: "parked" });
    rig.deliver(modelClaim, inferClaim);
    expect(await rig.get("eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1" });
    expect(await rig.get("eth_call", request)).toContain("2a");
  });
});

describe("roots and proofs", () => {
  it("are given for blocks, and by default against the last settled one", async () => {
    const roots = await rig.get<Record<string, string>>("anh_getBlockRoots", "latest");
    expect(roots).toMatchObject({ number: "0x3", stateRoot: await rig.execution.stateRoot(3n) });
    expect(await rig.get("anh_getBlockRoots", "0x3")).toEqual(roots);
    expect(await rig.get("anh_getCreditProof", testAddress(0))).toBeNull();
    const proof = await rig.get<Record<string, unknown>>("anh_getCreditProof", testAddress(0), "latest");
    expect(proof).toMatchObject({ account: testAddress(0), creditsRoot: roots.creditsRoot, number: "0x3" });
    expect(await rig.get("anh_getCredit", testAddress(0))).toMatchObject({ cumulativeWei: proof.cumulativeWei });
    rig.mine({ kind: 6, number: 2n, stateRoot: roots.stateRoot as Hex, creditsRoot: roots.creditsRoot as Hex });
    expect(await rig.get("anh_getCreditProof", testAddress(0))).toMatchObject({ number: "0x2" });
    expect(await rig.get("anh_getWithdrawals")).toEqual([]);
    expect(await rig.get("anh_getWithdrawals", testAddress(0))).toEqual([]);
    expect(await rig.get("anh_getWithdrawalProof", "0x0")).toBeNull();
  });

  it("name the chain, its contracts, and the batch of a block", async () => {
    expect(await rig.get("anh_chainFile")).toMatchObject({
      l2ChainId: "0x102d",
      contracts: rig.file.contracts,
      genesisHash: rig.file.genesis.hash,
    });
    expect(await rig.get("anh_getHeaderAnchor", "0x1")).toBeNull();
    rig.l1.mine([], [{ blocks: [rig.store.blocks.block(1n)!, rig.store.blocks.block(2n)!] }]);
    rig.mine();
    expect(await rig.get("anh_getHeaderAnchor", "0x1")).toMatchObject({
      batch: "0x1",
      firstNumber: "0x1",
      lastNumber: "0x2",
    });
    expect(await rig.get("anh_getHeaderAnchor", "0x3")).toBeNull();
    expect(await rig.get("anh_syncStatus")).toMatchObject({ latest: "0x3", safe: "0x2", unanchored: "0x1" });
  });
});

describe("claims", () => {
  it("are what L1's inbox told, and how they ended", async () => {
    expect(await rig.get("anh_getClaims")).toEqual([]);
    expect(await rig.get("anh_getClaim", modelClaim.claimHash)).toBeNull();
    rig.deliver(modelClaim, inferClaim);
    const claim = { id: model, claimHash: modelClaim.claimHash, claimant: testAddress(9), soft: true, status: "open" };
    expect(await rig.get("anh_getClaim", modelClaim.claimHash)).toMatchObject(claim);
    expect(await rig.get("anh_getClaims")).toMatchObject([{ id: infer }, claim]);
    expect(await rig.get("anh_getClaims", { id: model })).toMatchObject([claim]);
    rig.mine(final(modelClaim), { kind: 4, id: infer, claimHash: inferClaim.claimHash, lostSeconds: 0n });
    expect(await rig.get("anh_getClaims", { status: "final" })).toMatchObject([{ id: model }]);
    expect(await rig.get("anh_getClaims", { status: "overturned" })).toMatchObject([{ id: infer }]);
    expect(await rig.get("anh_getClaims", { status: "open" })).toEqual([]);
    expect((await rig.ask("anh_getClaims", { status: "lost" })).error?.code).toBe(-32602);
    expect((await rig.ask("anh_getDisputes", modelClaim.claimHash)).error?.code).toBe(-32601);
  });
});

describe("anh_getInclusion", () => {
  /** Follows a key's nibbles through the nodes of an Ethereum trie; the value at their end. */
  function follow(root: Hex, index: number, proof: readonly Hex[]): Hex {
    const nodes = new Map(proof.map((node) => [keccak256(node), node]));
    const key = toRlp(index === 0 ? "0x" : toHex(index)).slice(2);
    let node = fromRlp(nodes.get(root)!) as (Hex | Hex[])[];
    for (let at = 0; ; ) {
      let next: Hex | Hex[];
      if (node.length === 17) next = node[Number.parseInt(key[at++]!, 16)]!;
      else {
        const path = (node[0] as Hex).slice(2);
        const flag = Number.parseInt(path[0]!, 16);
        const rest = flag % 2 === 1 ? path.slice(1) : path.slice(2);
        expect(key.slice(at, at + rest.length)).toBe(rest);
        at += rest.length;
        next = node[1]!;
        if (flag >= 2) return next as Hex;
      }
      node = (typeof next === "string" ? fromRlp(nodes.get(next)!) : next) as (Hex | Hex[])[];
    }
  }
  type Inclusion = {
    blockHash: Hex;
    index: number;
    transactionsRoot: Hex;
    envelope: Hex;
    proof: Hex[];
    anchor: { lastHash: Hex } | null;
    headers: Hex[] | null;
  };

  it("shows each transaction of blocks of every size, to the header and to L1", async () => {
    expect(await rig.get("anh_getInclusion", keccak256("0x"))).toBeNull();
    for (const size of [1, 2, 17, 30]) {
      const hashes: Hex[] = [];
      for (let i = 0; i < size; i++) hashes.push(await rig.send({ to: testAddress(1), data: toHex("x".repeat(i)) }));
      const block = rig.seal();
      for (const [index, hash] of hashes.entries()) {
        const inclusion = await rig.get<Inclusion>("anh_getInclusion", hash);
        expect(inclusion).toMatchObject({ index: toHex(index), blockHash: block.hash, anchor: null, headers: null });
        expect(inclusion.transactionsRoot).toBe(block.header.transactionsRoot);
        expect(follow(inclusion.transactionsRoot, index, inclusion.proof)).toBe(inclusion.envelope);
        expect(keccak256(inclusion.envelope)).toBe(hash);
      }
    }
    const count = Number(rig.chain.heads().latest);
    const blocks = Array.from({ length: count }, (_, i) => rig.store.blocks.block(BigInt(i + 1))!);
    rig.l1.mine([], [{ blocks }]);
    rig.mine();
    const { anchor, headers, blockHash } = await rig.get<Inclusion>("anh_getInclusion", parked);
    expect(keccak256(headers![0]!)).toBe(blockHash);
    for (const [i, header] of headers!.slice(1).entries())
      expect((fromRlp(header) as Hex[])[0]).toBe(keccak256(headers![i]!));
    expect(keccak256(headers!.at(-1)!)).toBe(anchor!.lastHash);
  });

  it("says of what the inbox forced that no batch holds it; it is traced and found like any other", async () => {
    const from: Hex = `0x${"a1".repeat(20)}`;
    const call = { mintWei: 5n, valueWei: 5n, gasLimit: 100_000n, priceWei: 3_000_000n, data: "0x" } as const;
    const { transactions, header } = rig.deliver({ kind: 8, from, to: testAddress(1), ...call });
    const { hash } = transactions[0]!;
    await rig.send({ to: testAddress(1) });
    const { transactions: later } = rig.seal();
    expect(await rig.get("anh_getInclusion", hash)).toMatchObject({ index: null, proof: null });
    expect(await rig.get("anh_getInclusion", later[0]!.hash)).toMatchObject({
      index: "0x0",
      proof: [expect.anything()],
    });
    const options = { tracer: "callTracer" };
    expect(await rig.get("debug_traceTransaction", hash, options)).toMatchObject({
      from,
      to: testAddress(1),
      value: "0x5",
    });
    const { txs } = await rig.get<{ txs: { hash: Hex }[] }>("ots_searchTransactionsBefore", from, 0, 10);
    expect(txs.map((one) => one.hash)).toEqual([hash]);
    expect(await rig.get("ots_getTransactionBySenderAndNonce", from, 0)).toBeNull();
    const raw = fromRlp(await rig.get<Hex>("debug_getRawBlock", toHex(header.number)), "hex") as unknown[];
    expect(raw[1]).toEqual([]);
  });
});

describe("eth_getLogs", () => {
  const increments = 3;

  it("selects by block, address and topic, within its limits", async () => {
    rig.deliver(modelClaim, inferClaim);
    for (let i = 0; i < increments; i++) {
      await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
      rig.seal();
    }
    type Log = { blockNumber: string; blockHash: string; topics: string[] };
    const logs = (filter: object) => rig.get<Log[]>("eth_getLogs", filter);
    const all = await logs({ fromBlock: "earliest", toBlock: "latest" });
    expect(all.map(({ blockNumber }) => blockNumber)).toEqual(["0x4", "0x5", "0x6", "0x7"]);
    expect(await logs({ fromBlock: "0x5", toBlock: "0x6", address: FORCER })).toEqual(all.slice(1, 3));
    expect(await logs({ fromBlock: "0x0", address: [testAddress(1)] })).toEqual([]);
    expect(await logs({ fromBlock: "0x0", topics: [all[0]!.topics[0], [model, infer]] })).toEqual(all);
    expect(await logs({ fromBlock: "0x0", topics: [null, infer] })).toEqual([]);
    expect(await logs({ blockHash: all[1]!.blockHash })).toEqual(all.slice(1, 2));
    expect((await rig.ask("eth_getLogs", { blockHash: keccak256("0x") })).error?.message).toBe("unknown block");
    // The rig allows 10 blocks and 20 logs.
    while (rig.chain.heads().latest < 10n) rig.seal();
    expect(await logs({ fromBlock: "0x1", toBlock: "0xa" })).toEqual(all);
    expect((await rig.ask("eth_getLogs", { fromBlock: "0x0", toBlock: "0xa" })).error?.code).toBe(-32005);
    for (let i = 0; i < 21; i++) await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    expect((await rig.ask("eth_getLogs", {})).error).toMatchObject({
      code: -32005,
      message: expect.stringContaining("more than 20 results"),
    });
  });
});
