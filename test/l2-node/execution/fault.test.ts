import { encodeFunctionData, type Hex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { type DnnAttempt, runDnn } from "../../../l2-node/execution/dnn.ts";
import { ComputationFault, computed } from "../../../l2-node/execution/fault.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import type { BlockSource } from "../../../l2-node/execution/source.ts";
import { type StateReader, WorldState } from "../../../l2-node/execution/state.ts";
import { TEST_CHAIN_ID, testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, inferCall, makeRig, modelOf, type Rig, testJob, trainCall } from "./rig.ts";

const EMPTY: StateReader = { get: () => undefined };
const CORRUPT: StateReader = { get: () => Uint8Array.of(1, 2, 3) };
const UNREADABLE: StateReader = {
  get: () => {
    throw new Error("disk I/O error");
  },
};

const attemptOn = (reader: StateReader, chainId = TEST_CHAIN_ID): DnnAttempt => ({
  state: new WorldState(reader),
  chainId,
  minWindowSeconds: 60,
  blockNumber: 1n,
  timestamp: 1n,
  mayPark: () => true,
  assumed: new Map(),
  wanted: undefined,
  softClaims: new Set(),
  faults: [],
});
const callOf = (data: Hex, valueWei = 0n) => ({
  caller: testAddress(0),
  valueWei,
  data: bytesOfHex(data),
  gasLimit: 1_000_000n,
  isStatic: false,
  isDelegated: false,
});

describe("what the precompile meets unexpectedly", () => {
  // No user input reaches an encoder that refuses it; a chain id that no abi.encode takes stands in for such a bug.
  test("in computing on the call: halts the call, and is kept for the operator", () => {
    const attempt = attemptOn(EMPTY, 2n ** 256n);
    expect(runDnn(attempt, callOf(trainCall(testJob(testAddress(0))), 10n ** 18n))).toEqual({ kind: "halt" });
    expect(attempt.faults).toHaveLength(1);
    expect(attempt.faults[0]).toBeInstanceOf(ComputationFault);
    expect(attempt.faults[0]!.cause).toBeInstanceOf(Error);
  });

  const calls = {
    train: trainCall(testJob(testAddress(0))),
    infer: inferCall(modelOf(testJob(testAddress(0))), "0x00"),
    ready: encodeFunctionData({ abi: dnnAbi, functionName: "ready", args: [modelOf(testJob(testAddress(0)))] }),
  };
  test.each(Object.entries(calls))("in the store, by %s: decides nothing and goes through", (_name, data) => {
    const unreadable = attemptOn(UNREADABLE);
    expect(() => runDnn(unreadable, callOf(data))).toThrow("disk I/O error");
    const corrupt = attemptOn(CORRUPT);
    expect(() => runDnn(corrupt, callOf(data))).toThrow();
    expect([...unreadable.faults, ...corrupt.faults]).toEqual([]);
  });

  test("a limit of the machine is not a fault of the computation", () => {
    const endless = (): number => 1 + endless();
    expect(() => computed(endless)).toThrow(RangeError);
    expect(() => computed(() => 1n / 0n)).toThrow(ComputationFault);
  });
});

describe("what parking meets unexpectedly", () => {
  let rig: Rig;
  afterEach(() => rig.execution.close());

  /** Two transactions, the second of which parks; `distort` changes what execution is told of that one. */
  async function parkedBy(distort: (source: BlockSource, hash: Hex) => BlockSource) {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", modelOf(job), "0x00"), gas: 1_000_000n });
    rig.seal();
    return new LazyExecution({ path: ":memory:" }, { source: distort(rig.source, hash) });
  }
  const withHash = (source: BlockSource, hash: Hex, wrong: Hex): BlockSource => ({
    ...source,
    block: (number) => {
      const block = source.block(number);
      const transactions = block?.transactions.map((entry) =>
        entry.status === "included" && entry.transaction.hash === hash
          ? { ...entry, transaction: { ...entry.transaction, hash: wrong } }
          : entry,
      );
      return block && { ...block, transactions: transactions! };
    },
  });

  test("fails the transaction alone, undoes the parking, and tells the operator", async () => {
    const wrong: Hex = "0xabc"; // no queue can store it
    const execution = await parkedBy((source, hash) => withHash(source, hash, wrong));
    const faults: unknown[] = [];
    execution.events.on("fault", (fault) => faults.push(fault));
    expect(await execution.executeTo("latest")).toBe(rig.chain.head().header.number);
    expect(faults).toMatchObject([{ number: 2n, transaction: wrong, error: { code: "computation-fault" } }]);
    expect(await execution.demands()).toEqual([]);
    expect((await execution.jobs()).map(({ id }) => id)).toEqual([modelOf(testJob(FORCER))]);
    expect((await execution.account(DNN_ADDRESS, "latest")).balanceWei).toBe(2_000_000_000n);
    await execution.close();
  });
});
