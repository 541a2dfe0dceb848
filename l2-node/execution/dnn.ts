import { type Address, encodeErrorResult, encodeFunctionResult, type Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { dnnAbi } from "../../common/contracts/dnn.ts";
import { AnhError } from "../../common/errors.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { BadJobError, checkWindow, encodeJob, type Job } from "../../common/job.ts";
import { commissionTask, modelTask, TASK_KIND, type Task, trainTask } from "../../common/task.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { type DnnCall, decodeDnnCall } from "./dnn-call.ts";
import { callDataGas, DNN_GAS, LEAST_GAS, MAX_INPUT_BYTES } from "./dnn-gas.ts";
import { addEscrow, isOver, scheduleRefund, withdrawCompute } from "./escrow.ts";
import type { PrecompileCall, PrecompileResult } from "./evm.ts";
import { failureOf } from "./failures.ts";
import { ComputationFault, computed } from "./fault.ts";
import { returnPledge } from "./pledges.ts";
import type { WorldState } from "./state.ts";
import { addNatural, computeSlot, openedSlot, read, resultSlot, write } from "./system.ts";
import { deadlineOf, isHeld, jobOfModel, taskOf } from "./tasks.ts";
import { isVoid, resultOf } from "./voids.ts";

/** A result that an attempt asked for and that is not there. */
export interface Wanted {
  readonly task: Task;
  readonly job: Job;
  readonly inputRoot: Hex;
  readonly rows: number;
  /** The bytes to be served by their root; infer only. */
  readonly input?: Uint8Array | undefined;
}

/** One attempt's view: what forcing may do, and what the attempt leaves behind. */
export interface DnnAttempt {
  readonly state: WorldState;
  readonly chainId: bigint;
  readonly minWindowSeconds: number;
  readonly blockNumber: bigint;
  readonly timestamp: bigint;
  /** Callers whose forcing parks: the contract called or created, or anybody if the access list names the precompile (P12.3). */
  readonly mayPark: (caller: Address) => boolean;
  /** Outputs to go on with where there is no result, for estimating what comes after it. */
  readonly assumed: ReadonlyMap<Hex, Hex>;
  /** Set by an abort. */
  wanted: Wanted | undefined;
  /** Claims not yet final whose results were used. */
  readonly softClaims: Set<Hex>;
  /** Bugs that halted calls of the precompile, or the parking: for the operator to see. */
  readonly faults: ComputationFault[];
}

class DnnRevert extends AnhError {
  readonly data: Hex;
  constructor(data: Hex) {
    super("dnn-revert", "reverted by the DNN precompile");
    this.data = data;
  }
}
class DnnAbort extends AnhError {}
class DnnHalt extends AnhError {}

type ErrorName = Extract<(typeof dnnAbi)[number], { type: "error" }>["name"];
const revert = (errorName: ErrorName, ...args: readonly unknown[]) =>
  new DnnRevert(computed(() => encodeErrorResult({ abi: dnnAbi, errorName, args } as never)));

/** The DNN precompile (P12): `contracts/l2/Dnn.sol` is its Solidity face. */
export function runDnn(attempt: DnnAttempt, call: PrecompileCall): PrecompileResult {
  // Paid before anybody looks at the data, which may be anything (P12.4).
  const dataGas = callDataGas(call.data);
  if (dataGas + LEAST_GAS > call.gasLimit) return { kind: "halt" };
  const decoded = call.isDelegated ? undefined : decodeDnnCall(call.data);
  if (decoded === undefined) return { kind: "revert", output: new Uint8Array(), gasUsed: dataGas + LEAST_GAS };
  const gasUsed = dataGas + DNN_GAS[decoded.functionName];
  if (gasUsed > call.gasLimit) return { kind: "halt" };
  try {
    return { kind: "return", output: bytesOfHex(perform(attempt, call, decoded)), gasUsed };
  } catch (error) {
    if (error instanceof DnnRevert) return { kind: "revert", output: bytesOfHex(error.data), gasUsed };
    if (error instanceof DnnAbort) return { kind: "abort", gasUsed };
    if (error instanceof DnnHalt) return { kind: "halt" };
    // Only what every node meets ends the call; a fault of this node's store or memory must stop this node instead.
    if (!(error instanceof ComputationFault)) throw error;
    attempt.faults.push(error);
    return { kind: "halt" };
  }
}

function perform(attempt: DnnAttempt, call: PrecompileCall, decoded: DnnCall): Hex {
  const { functionName, args } = decoded;
  const result = (...values: readonly unknown[]): Hex =>
    computed(() =>
      encodeFunctionResult({ abi: dnnAbi, functionName, result: values.length === 1 ? values[0] : values } as never),
    );
  const payable = functionName === "train" || functionName === "commission" || functionName === "fund";
  const writes = payable || functionName === "withdrawCompute";
  if (writes && call.isStatic) throw new DnnHalt("static", "state change in a static call");
  if (!payable && call.valueWei > 0n) throw new DnnRevert("0x");
  switch (functionName) {
    case "train":
      return result(ask(attempt, call, args[0], trainTask));
    case "commission":
      return result(ask(attempt, call, args[0], (job) => commissionTask(job, ZERO_HASH)));
    case "infer":
      return result(infer(attempt, call, args[0], args[1]));
    case "evaluate":
      return result(...evaluate(attempt, call, args[0], args[1], args[2]));
    case "fund":
      fund(attempt, call, args[0]);
      return "0x";
    case "ready":
      return result(resultOf(attempt.state, args[0]) !== undefined);
    case "quote":
      return result(claimable(attempt, args[0], modelTask).priceWei);
    case "withdrawCompute":
      return result(withdrawCompute(attempt.state, call.caller));
  }
}

/** A task within the bounds of P4.2; reverts with `BadJob` and the name of the field that breaks a rule. */
function checked(make: () => Task): Task {
  const made = computed(() => {
    try {
      return make();
    } catch (error) {
      if (error instanceof BadJobError) return error;
      throw error;
    }
  });
  if (made instanceof BadJobError) throw revert("BadJob", /^job\.([\w.]+)/.exec(made.message)?.[1] ?? made.code);
  return made;
}

/** The task of a job that L1 will take claims of. */
const claimable = ({ minWindowSeconds }: DnnAttempt, job: Job, taskOfJob: (job: Job) => Task): Task =>
  checked(() => {
    const task = taskOfJob(job);
    checkWindow(job, minWindowSeconds);
    return task;
  });

/** Opens what will make a model, a training or a commission, and takes its price. */
function ask(attempt: DnnAttempt, call: PrecompileCall, asked: Job, taskOfJob: (job: Job) => Task): Hex {
  const { state, blockNumber, chainId, timestamp } = attempt;
  const job: Job = { ...asked, chainId, requester: call.caller };
  const task = claimable(attempt, job, taskOfJob);
  if (job.deadline <= timestamp) throw revert("BadJob", "deadline");
  const { id } = task;
  if (isVoid(state, job, task)) throw revert("JobVoid", id);
  requireNoFailure(state, task);
  const known = read(state, openedSlot(id));
  // Known but unpaid: opened by a transaction that parked, which undid its own training and pledged for it (pledges.ts).
  if (known?.paid) fund(attempt, call, id);
  else {
    if (call.valueWei < task.priceWei) throw revert("QuoteTooHigh", task.priceWei);
    write(state, openedSlot(id), {
      kind: TASK_KIND.train,
      modelId: ZERO_HASH,
      inputRoot: ZERO_HASH,
      rows: 0,
      blockNumber: known?.blockNumber ?? blockNumber,
      owner: call.caller,
      paid: true,
      job: computed(() => encodeJob(job)),
    });
    returnPledge(state, id);
    scheduleRefund(state, id, job.deadline);
    addEscrow(state, id, call.valueWei);
  }
  return id;
}

/** What can no longer pay for anything goes to the sender's compute balance. */
function fund({ state, timestamp }: DnnAttempt, call: PrecompileCall, id: Hex): void {
  if (isOver(state, id, timestamp) || read(state, resultSlot(id))?.isFinal)
    addNatural(state, computeSlot(call.caller), call.valueWei);
  else addEscrow(state, id, call.valueWei);
}

function infer(attempt: DnnAttempt, call: PrecompileCall, modelId: Hex, input: Hex): Hex {
  const bytes = bytesOfHex(input);
  if (bytes.length === 0 || bytes.length > MAX_INPUT_BYTES)
    throw revert("WrongShape", BigInt(MAX_INPUT_BYTES), BigInt(bytes.length));
  const inputRoot = computed(() => tensorRoot(bytes));
  return force(attempt, call, modelId, { kind: TASK_KIND.infer, inputRoot, rows: 0 }, bytes);
}

function evaluate(attempt: DnnAttempt, call: PrecompileCall, modelId: Hex, datasetRoot: Hex, rows: number) {
  const output = force(attempt, call, modelId, { kind: TASK_KIND.evaluate, inputRoot: datasetRoot, rows }, undefined);
  return [countOf(bytesOfHex(output)), rows] as const;
}

/** The counter's value (P5.10): a float32 that counts exactly below 2²⁴; anything else is a lie and reads as 0. */
function countOf(output: Uint8Array): number {
  if (output.length !== 4) return 0;
  const value = new DataView(output.buffer, output.byteOffset, 4).getFloat32(0, true);
  return Number.isInteger(value) && value >= 0 && value <= 2 ** 24 ? value : 0;
}

/** The output of a task if its result has effect; aborts or reverts otherwise. */
function force(
  attempt: DnnAttempt,
  call: PrecompileCall,
  modelId: Hex,
  asked: { kind: number; inputRoot: Hex; rows: number },
  input: Uint8Array | undefined,
): Hex {
  const job = jobOfModel(attempt.state, modelId);
  const graph = asked.kind === TASK_KIND.infer ? job?.inferGraph : job?.evaluateGraph;
  if (job === undefined || graph?.root === ZERO_HASH) throw revert("UnknownModel", modelId);
  const task = checked(() => taskOf(job, asked));
  const result = read(attempt.state, resultSlot(task.id));
  if (!result?.isFinal && isVoid(attempt.state, job, task)) throw revert("JobVoid", modelId);
  requireNoFailure(attempt.state, task);
  if (result !== undefined) {
    if (!result.isFinal) attempt.softClaims.add(result.claimHash);
    return result.output;
  }
  const assumed = attempt.assumed.get(task.id);
  if (assumed !== undefined) return assumed;
  if (isPast(attempt, task) || !attempt.mayPark(call.caller)) throw revert("NotReady", task.id);
  attempt.wanted = { task, job, inputRoot: asked.inputRoot, rows: asked.rows, input };
  throw new DnnAbort("dnn-abort", "the transaction waits for a result");
}

function requireNoFailure(state: WorldState, task: Task): void {
  const failed = failureOf(state, task);
  if (failed !== undefined) throw revert("JobFailed", failed.id, failed.step);
}

/** Its result will not come any more. */
const isPast = ({ state, timestamp }: DnnAttempt, task: Task): boolean =>
  timestamp > deadlineOf(state, task) && !isHeld(state, task);

export const wrongShape = (expectedBytes: number, actualBytes: number): Hex =>
  encodeErrorResult({ abi: dnnAbi, errorName: "WrongShape", args: [BigInt(expectedBytes), BigInt(actualBytes)] });

/** `QuoteTooHigh` as a transaction that cannot park fails with it. */
export const quoteTooHigh = (quoteWei: bigint): Hex =>
  computed(() => encodeErrorResult({ abi: dnnAbi, errorName: "QuoteTooHigh", args: [quoteWei] }));

/** The rule of P12.3 for a transaction. */
export const parkRule =
  (target: Address | null, accessListed: readonly Address[]) =>
  (caller: Address): boolean =>
    caller === target || accessListed.includes(DNN_ADDRESS);
