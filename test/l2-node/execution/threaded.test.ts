import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { concatHex, type Hex, toHex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { inferId } from "../../../common/job.ts";
import { onChainChange } from "../../../l2-node/chain/chain.ts";
import { executeEagerly } from "../../../l2-node/execution/eager.ts";
import {
  CallFailedError,
  ClosedError,
  ExecutionDiedError,
  UnknownBlockError,
} from "../../../l2-node/execution/errors.ts";
import type { Execution, Rederivation } from "../../../l2-node/execution/execution.ts";
import { WrongStoreError } from "../../../l2-node/execution/store.ts";
import { openThreaded } from "../../../l2-node/execution/threaded.ts";
import { startRpcServer } from "../../../l2-node/rpc/server.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";
import { claimedSoft } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

let folder: string;
let rig: Rig;
let threads: Worker[];
let troubles: unknown[];
let execution: Execution;
const noteThread = (thread: Worker) => threads.push(thread);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-threaded-"));
  rig = makeRig({ alloc: forcers, chainPath: join(folder, "chain.sqlite") });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  [threads, troubles] = [[], []];
  process.on("worker", noteThread);
});
afterEach(async () => {
  process.off("worker", noteThread);
  await execution.close();
  await rig.execution.close();
  rig.store.close();
  rmSync(folder, { recursive: true });
});

async function open(): Promise<Execution> {
  execution = await openThreaded(
    { chain: rig.file, chainPath: join(folder, "chain.sqlite"), statePath: join(folder, "state.sqlite") },
    { onChange: onChainChange(rig.chain), onTrouble: ({ error }) => troubles.push(error) },
  );
  return execution;
}

const word = (digits: string): Hex => `0x${digits.padStart(64, "0")}`;
/** (P, Q) of the generators of alt_bn128, as EIP-197 orders their coordinates. */
const PAIR = concatHex([
  word("1"),
  word("2"),
  word("198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"),
  word("1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"),
  word("090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"),
  word("12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"),
]);
/** Initcode of one pairing check of 150 pairs: the precompile holds its thread for a second or more. */
const dearCode = ((): Hex => {
  const size = toHex(192 * 150, { size: 3 });
  // CODECOPY(0, 20, size); STATICCALL(gas, 8, 0, size, 0, 0); STOP; then what is copied.
  return concatHex(["0x62", size, "0x60145f395f5f62", size, "0x5f60085afa00", ...Array<Hex>(150).fill(PAIR)]);
})();

async function transfers(count: number): Promise<Hex[]> {
  const hashes: Hex[] = [];
  for (let i = 0; i < count; i++) {
    hashes.push(await rig.send({ to: testAddress(10 + i), value: 1n }));
    rig.seal();
  }
  return hashes;
}

describe("a thread that executes", () => {
  test("refuses another chain's state by name, and is not there then", async () => {
    await (await open()).close();
    const options = { chainPath: join(folder, "chain.sqlite"), statePath: join(folder, "state.sqlite") };
    const other = { ...rig.file, l2ChainId: 7n };
    const opening = openThreaded({ chain: other, ...options }, { onChange: () => () => {}, onTrouble: () => {} });
    await expect(opening).rejects.toThrow(WrongStoreError);
  });

  test("tells errors by their classes, as if it were this one", async () => {
    await open();
    await expect(execution.account(testAddress(0), 99n)).rejects.toThrow(UnknownBlockError);
    const reverting = { from: testAddress(0), data: "0x60425f5260205ffd" } as const;
    const failure = await execution.estimateGas(reverting, "latest").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CallFailedError);
    expect(failure).toMatchObject({ status: "revert", data: toHex(0x42, { size: 32 }) });
  });

  test("that dies is replaced: who waited hears so, who asks next is answered, and nothing is lost", async () => {
    await open();
    const hashes = await transfers(3);
    await execution.executeTo("latest");
    const root = await execution.stateRoot("latest");
    const waiting = execution.call({ from: testAddress(0), data: dearCode }, "latest");
    const heard = expect(waiting).rejects.toThrow(ExecutionDiedError);
    await threads[0]!.terminate();
    await heard;
    expect(troubles).toMatchObject([{ code: "execution-died" }]);
    await until(() => threads[1]);
    const answered = await until(() => execution.receipt(hashes[2]!).catch(() => undefined));
    expect(answered).toMatchObject({ transactionHash: hashes[2], status: "success" });
    expect(await execution.stateRoot("latest")).toBe(root);
    expect(execution.executedNumber()).toBe(rig.chain.heads().latest);
    expect(threads).toHaveLength(2);
  });

  test("says what was rolled back while no thread lived", async () => {
    await open();
    await transfers(3);
    await execution.executeTo("latest");
    const retracted: bigint[] = [];
    execution.events.on("retracted", ({ number }) => retracted.push(number));
    const ended = threads[0]!.terminate();
    const left = rig.chain.heads().latest - 2n;
    rig.chain.dropAbove(left);
    await ended;
    await until(() => (execution.executedNumber() === left ? true : undefined));
    expect(retracted).toEqual([left]);
    expect(await until(() => execution.executeTo("latest").catch(() => undefined))).toBe(left);
  });

  test("closed while a block is at work, it ends; questions are refused from then on", async () => {
    await open();
    for (let i = 0; i < 5; i++) await rig.send({ to: FORCER, data: forcerCall("increment"), gas: 100_000n });
    rig.seal();
    const advancing = execution.executeTo("latest").catch((error: unknown) => error);
    await execution.close();
    expect([rig.chain.heads().latest, expect.any(ClosedError)]).toContainEqual(await advancing);
    await expect(execution.executeTo("latest")).rejects.toThrow(ClosedError);
  });

  test("goes on where the last one was, and stands where execution in this thread does", async () => {
    await open();
    const hashes = await transfers(4);
    await execution.executeTo(3n);
    await execution.close();
    await open();
    expect(execution.executedNumber()).toBe(3n);
    for (const hash of hashes) expect(await execution.receipt(hash)).toEqual(await rig.execution.receipt(hash));
    expect(await execution.roots("latest")).toEqual(await rig.execution.roots("latest"));
    expect(execution.knownAccount(testAddress(13))).toEqual(await rig.execution.account(testAddress(13), "latest"));
    expect(execution.knownAccount(testAddress(99)).balanceWei).toBe(0n);
  });
});

describe("the node's own thread", () => {
  test("answers others while a call or a block computes for seconds", async () => {
    await open();
    const server = await startRpcServer(
      { host: "127.0.0.1", port: 0 },
      {
        context: {
          chain: rig.chain,
          mempool: rig.mempool,
          execution,
          clientVersion: "anh/test",
          limits: { maxLogBlocks: 10n, maxLogs: 20 },
        },
        routers: [],
        onFault: (error) => troubles.push(error),
      },
    );
    const order: string[] = [];
    const ask = async (name: string, method: string, ...params: unknown[]) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const response = await fetch(server.url, { method: "POST", body });
      order.push(name);
      return (await response.json()) as { result?: unknown; error?: unknown };
    };
    await rig.send({ to: null, data: dearCode, gas: 8_000_000n });
    const { number } = rig.seal().header;
    // First the block, for the state that the call asks about.
    const dear = ask("dear", "eth_call", { data: dearCode }, toHex(number));
    for (let i = 0; i < 5; i++) expect(await ask("cheap", "eth_chainId")).toHaveProperty("result");
    expect(execution.knownAccount(testAddress(99)).balanceWei).toBe(0n);
    expect(await dear).toMatchObject({ result: "0x" });
    expect(order).toEqual(["cheap", "cheap", "cheap", "cheap", "cheap", "dear"]);
    expect((await execution.blockReceipts(number))[0]).toMatchObject({ status: "success" });
    expect(troubles).toEqual([]);
    await server.close();
  });

  test("hears of executed blocks with receipts while somebody listens, and of those that go", async () => {
    await open();
    const seen: (readonly [string, bigint, number])[] = [];
    const hear = ({ number, receipts }: { number: bigint; receipts: readonly unknown[] }) =>
      seen.push(["executed", number, receipts.length]);
    await transfers(1);
    await execution.executeTo("latest");
    execution.events.on("executed", hear);
    execution.events.on("retracted", ({ number, receipts }) => seen.push(["retracted", number, receipts.length]));
    await transfers(2);
    const latest = await execution.executeTo("latest");
    rig.chain.dropAbove(latest - 1n);
    await until(() => (seen.length === 3 ? true : undefined));
    execution.events.off("executed", hear);
    await transfers(1);
    await execution.executeTo("latest");
    expect(seen).toEqual([
      ["executed", latest - 1n, 1],
      ["executed", latest, 1],
      ["retracted", latest - 1n, 1],
    ]);
  });

  test("runs simulations block by block, and anew where their state was rolled back meanwhile", async () => {
    await open();
    await transfers(2);
    const { latest } = rig.chain.heads();
    const options = { validation: false, traceTransfers: false, prepaidWei: new Map() };
    const send = { from: testAddress(0), to: testAddress(1), valueWei: 5n, maxFeeWei: 0n };
    const ofBlock = rig.source.block(latest)!;
    const tooMuch = { ...send, valueWei: 10n * ETHER };
    const failing = execution.simulate("latest", options, (simulation) =>
      simulation.runBlock(ofBlock, {}, [tooMuch], new Map()),
    );
    await expect(failing).rejects.toMatchObject({ name: "SimulationError", code: "funds" });

    let runs = 0;
    const outcomes = await execution.simulate("latest", options, async (simulation) => {
      const first = await simulation.runBlock(ofBlock, {}, [send], new Map());
      if (runs++ === 0) {
        rig.chain.dropAbove(latest - 1n);
        await until(() => (execution.executedNumber() < latest ? true : undefined));
      }
      return [...first, ...(await simulation.runBlock(ofBlock, {}, [send], new Map()))];
    });
    expect(outcomes.map(({ status, message }) => [status, message.nonce])).toEqual([
      ["success", 1n],
      ["success", 2n],
    ]);
    expect(runs).toBe(2);
  });

  test("sees state derived anew once L1 overturns a claim, without asking", async () => {
    await open();
    const job = testJob(FORCER);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
    rig.seal();
    const input: Hex = "0x00010203";
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", modelOf(job), input), gas: 1_000_000n });
    rig.seal();
    const id = inferId(modelOf(job), tensorRoot(bytesOfHex(input)));
    const lie = claimedSoft(id, { output: toHex(7, { size: 4 }) });
    rig.deliver(lie);
    expect(await execution.status(hash)).toMatchObject({ state: "soft" });
    const seen: Rederivation[] = [];
    execution.events.on("rederived", (event) => seen.push(event));
    rig.mine({ kind: 4, id, claimHash: lie.claimHash, lostSeconds: 0n });
    await until(() => seen[0]);
    expect(execution.rederivedCount()).toBe(1);
    expect(await execution.status(hash)).toMatchObject({ state: "parked", id });
    expect(await execution.stateRoot("latest")).toBe(await rig.execution.stateRoot("latest"));
  });
});

describe("eager execution", () => {
  test("executes what is there and what comes, unasked, and stops", async () => {
    await transfers(2);
    await open();
    const stop = executeEagerly(rig.chain, execution, ({ error }) => troubles.push(error));
    const isThere = (number: bigint) => until(() => (execution.executedNumber() === number ? true : undefined));
    await isThere(rig.chain.heads().latest);
    await transfers(2);
    const { latest } = rig.chain.heads();
    await isThere(latest);
    stop();
    await transfers(1);
    await execution.account(testAddress(0), latest);
    expect(execution.executedNumber()).toBe(latest);
    expect(troubles).toEqual([]);
  });
});
