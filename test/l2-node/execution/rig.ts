// A chain with its real ledger, sequencer and store, and execution on top; only L1 is the test's.
import { type Address, decodeErrorResult, encodeFunctionData, type Hex } from "viem";
import { expect } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import type { GenesisAlloc } from "../../../common/chain-file.ts";
import type { Clocks } from "../../../common/clocks.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { type Job, trainId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { NO_PROPERTY } from "../../../common/property.ts";
import { chainSource } from "../../../l2-node/execution/chain-source.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import type { ShapeSource } from "../../../l2-node/execution/shapes.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { type SignFields, signRaw, TEST_CHAIN_ID, testAddress } from "../../support/transactions.ts";

export const ETHER = 10n ** 18n;
export const PREDEPLOYS: GenesisAlloc = { [DNN_ADDRESS]: { nonce: 1n, code: "0xfe" } };

export interface RigOptions {
  readonly alloc?: GenesisAlloc;
  readonly path?: string;
  /** Of the node's store. */
  readonly chainPath?: string;
  readonly shapeOf?: ShapeSource;
  /** Devnet's where not named. */
  readonly clocks?: Partial<Clocks>;
  /** Between L1 blocks. */
  readonly l1Seconds?: bigint;
}

export function makeRig(options: RigOptions = {}) {
  const { alloc = {}, path = ":memory:", chainPath, shapeOf, clocks: own = {}, l1Seconds } = options;
  const l1 = new MemoryL1(l1Seconds);
  const base = l1.chainFile();
  // Nothing is anchored here, and no fallback block is to become due for that.
  const clocks = { ...base.clocks, inclusionWindowSeconds: 1e9, ...own };
  const file = { ...base, clocks, genesis: { ...base.genesis, alloc: { ...PREDEPLOYS, ...alloc } } };
  const node = testNode(file, chainPath);
  follow(node.chain, l1);
  const source = chainSource(node.chain);
  const execution = new LazyExecution({ path }, { source, ...(shapeOf ? { shapeOf } : {}) });
  const nonces = new Map<number, number>();

  /** L1 mines the messages; nothing is sealed. */
  const mine = (...messages: Message[]): void => {
    l1.mine(messages);
    follow(node.chain, l1);
  };
  /** Seals one block, of all that is waiting. */
  const seal = () => node.sequencer.seal()!;
  /** Mines the messages and seals the block that consumes them. */
  const deliver = (...messages: Message[]) => {
    mine(...messages);
    return seal();
  };
  const send = async (fields: SignFields): Promise<Hex> => {
    const key = fields.key ?? 0;
    const nonce = fields.nonce ?? nonces.get(key) ?? 0;
    nonces.set(key, nonce + 1);
    return node.mempool.add(bytesOfHex(await signRaw({ ...fields, nonce })));
  };
  /** Another execution of the same chain, from genesis. */
  const fresh = () => new LazyExecution({ path: ":memory:" }, { source });
  /** Who replays the chain comes to the same state. */
  const expectReplicable = async (): Promise<void> => {
    const replica = fresh();
    expect(await replica.stateRoot("latest")).toBe(await execution.stateRoot("latest"));
    await replica.close();
  };
  const balanceOf = async (address: Address) => (await execution.account(address, "latest")).balanceWei;
  const computeOf = (address: Address) => execution.computeBalance(address, "latest");
  const recordOf = async (id: Hex) => (await execution.jobs()).find((one) => one.id === id);
  /** Of a transaction: where it waits, "success", or what the Dnn predeploy reverted with. */
  const endOf = async (hash: Hex) => {
    const receipt = await execution.receipt(hash);
    if (receipt === undefined) return (await execution.status(hash))?.state;
    if (receipt.status === "success") return "success";
    return decodeErrorResult({ abi: dnnAbi, data: receipt.revertData! });
  };
  const told = { balanceOf, computeOf, recordOf, endOf };
  return { l1, file, ...node, source, execution, ...told, mine, seal, deliver, send, fresh, expectReplicable };
}

export type Rig = ReturnType<typeof makeRig>;

export const gasDeposit = (key: number, amountWei = ETHER): Message => ({
  kind: 1,
  account: testAddress(key),
  amountWei,
});
export const ethDeposit = (key: number, amountWei = ETHER): Message => ({
  kind: 2,
  from: testAddress(key),
  to: testAddress(key),
  amountWei,
});

const word = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;

/** A job with prices that are easy to follow: training 2 gwei, inference 1,000 wei, evaluation of 100 rows 2,000 wei. */
export const testJob = (requester: Address, overrides: Partial<Job> = {}): Job => ({
  chainId: TEST_CHAIN_ID,
  requester,
  salt: word(1),
  trainGraph: { root: word(2), flops: 1_000_000_000n, bytes_: 4096n },
  inferGraph: { root: word(3), flops: 1_000_000n, bytes_: 40n },
  evaluateGraph: { root: word(4), flops: 1_000_000n, bytes_: 40n },
  datasetRoot: word(5),
  datasetRows: 1000n,
  datasetBytes: 1_000_000n,
  startRoot: word(6),
  stateBytes: 4096n,
  steps: 2000,
  segmentSteps: 64,
  batchRows: 100,
  evaluateBatchRows: 50,
  profile: 0,
  flags: 2,
  priceWeiPerGflop: 1_000_000n,
  deadline: 1_800_000_000n,
  windowSeconds: 60,
  property: NO_PROPERTY,
  ...overrides,
});

export const trainCall = (job: Job): Hex => encodeFunctionData({ abi: dnnAbi, functionName: "train", args: [job] });
export const inferCall = (model: Hex, input: Hex): Hex =>
  encodeFunctionData({ abi: dnnAbi, functionName: "infer", args: [model, input] });
export const modelOf = (job: Job): Hex => trainId(job);
