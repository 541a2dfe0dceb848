import { setImmediate } from "node:timers/promises";
import type { Address, Hex } from "viem";
import { DNN_ADDRESS, lower } from "../../common/addresses.ts";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import { MAX_TRANSACTION_GAS } from "../../common/gas.ts";
import { keccakHex } from "../../common/keccak.ts";
import { TASK_KIND } from "../../common/task.ts";
import type { Delegation } from "../ledger/delegations.ts";
import { floorGas, intrinsicGas } from "../ledger/gas.ts";
import { readAccount, writeAccount } from "./account.ts";
import { installDelegations } from "./delegations.ts";
import { type DnnAttempt, parkRule, quoteTooHigh, runDnn, type Wanted, wrongShape } from "./dnn.ts";
import { PARK_GAS } from "./dnn-gas.ts";
import { CallFailedError } from "./errors.ts";
import { AnhEvm, type EvmCommon } from "./evm.ts";
import type {
  AccessListResult,
  AccountOverride,
  BlockOverrides,
  CallRequest,
  CallResult,
  StateOverrides,
} from "./execution.ts";
import { codeKey, DOMAIN, storageKey } from "./keys.ts";
import { lackingWei } from "./pledges.ts";
import { type RunBlock, type RunMessage, type RunResult, runMessage } from "./run.ts";
import type { ShapeSource } from "./shapes.ts";
import { type StateReader, WorldState } from "./state.ts";
import { escrowSlot, readNatural } from "./system.ts";
import { openBudget, openTracer, type TraceOptions } from "./trace/tracer.ts";

/** Where a call runs: on a block's state, in that block's surroundings. */
export interface CallContext {
  readonly reader: StateReader;
  readonly block: RunBlock;
  readonly chainId: bigint;
  readonly minWindowSeconds: number;
  readonly common: EvmCommon;
  readonly hashOfBlock: (number: number) => Hex;
  readonly shapeOf: ShapeSource;
}

const NOBODY: Address = "0x0000000000000000000000000000000000000000";

/** A context whose block is another in some fields. */
export const within = (context: CallContext, overrides: BlockOverrides): CallContext => ({
  ...context,
  block: {
    ...context.block,
    ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)),
  },
});

/** Accounts whose whole storage is replaced read as empty beneath. */
export function readerFor(reader: StateReader, overrides: StateOverrides): StateReader {
  const emptied = Object.entries(overrides)
    .filter(([, { state }]) => state !== undefined)
    .map(([address]) => DOMAIN.storage + lower(address).slice(2));
  if (emptied.length === 0) return reader;
  return { get: (key) => (emptied.some((prefix) => key.startsWith(prefix)) ? undefined : reader.get(key)) };
}

function stateFor(context: CallContext, overrides: StateOverrides): WorldState {
  const state = new WorldState(readerFor(context.reader, overrides));
  applyOverrides(state, overrides);
  return state;
}

export function applyOverrides(state: WorldState, overrides: StateOverrides): void {
  for (const [address, override] of Object.entries(overrides) as [Address, AccountOverride][]) {
    const account = readAccount(state, lower(address));
    const code = override.code === undefined ? undefined : bytesOfHex(override.code);
    const codeHash = code === undefined ? account.codeHash : keccakHex(code);
    if (code !== undefined) state.set(codeKey(codeHash), code);
    writeAccount(state, lower(address), {
      nonce: override.nonce ?? account.nonce,
      balanceWei: override.balanceWei ?? account.balanceWei,
      codeHash,
    });
    for (const [slot, value] of Object.entries({ ...override.state, ...override.stateDiff }) as [Hex, Hex][])
      state.set(storageKey(lower(address), slot), BigInt(value) === 0n ? undefined : bytesOfHex(value));
  }
}

/** A call sets every delegation it brings (see `CallRequest.authorizations`). */
export const delegated = ({ authorizations = [] }: CallRequest): Delegation[] =>
  authorizations.flatMap(({ authority, address: delegate, nonce }) =>
    authority === undefined ? [] : { authority, delegate, nonce },
  );

export function messageOf(state: StateReader, request: CallRequest, gasLimit: bigint): RunMessage {
  const from = lower(request.from ?? NOBODY);
  return {
    from,
    to: request.to == null ? null : lower(request.to),
    nonce: request.nonce ?? readAccount(state, from).nonce,
    valueWei: request.valueWei ?? 0n,
    data: bytesOfHex(request.data ?? "0x"),
    gasLimit,
    priceWei: request.priceWei ?? 0n,
    accessList: (request.accessList ?? []).map((entry) => ({ ...entry, address: lower(entry.address) })),
    authorities: delegated(request).map(({ authority }) => authority),
  };
}

/** Moved precompiles leave their addresses to the code that the overrides put there. */
export function movePrecompiles(evm: AnhEvm, overrides: StateOverrides): void {
  const moves = Object.entries(overrides).flatMap(([from, { movePrecompileToAddress: to }]) =>
    to === undefined ? [] : [{ from: lower(from).slice(2), to: lower(to).slice(2) }],
  );
  const moved = moves.map(({ from, to }) => ({ to, precompile: evm.precompiles.get(from) }));
  for (const { from } of moves) evm.precompiles.delete(from);
  for (const { to, precompile } of moved) if (precompile) evm.precompiles.set(to, precompile);
  // Code at a precompile's address replaces it.
  for (const [address, { code }] of Object.entries(overrides))
    if (code !== undefined && !moved.some(({ to }) => to === lower(address).slice(2)))
      evm.precompiles.delete(lower(address).slice(2));
}

/** An EVM of its own: calls run beside each other and beside block execution. */
class CallRun {
  readonly state: WorldState;
  readonly evm: AnhEvm;
  readonly message: RunMessage;
  attempt: DnnAttempt;
  readonly #context: CallContext;

  constructor(context: CallContext, request: CallRequest, overrides: StateOverrides, gasLimit: bigint) {
    this.#context = context;
    this.state = stateFor(context, overrides);
    installDelegations(this.state, delegated(request));
    this.message = messageOf(this.state, request, gasLimit);
    this.attempt = {
      state: this.state,
      chainId: context.chainId,
      minWindowSeconds: context.minWindowSeconds,
      blockNumber: context.block.number,
      timestamp: context.block.timestamp,
      mayPark: () => false,
      assumed: new Map(),
      wanted: undefined,
      softClaims: new Set(),
      faults: [],
    };
    this.evm = new AnhEvm(context.common, this.state, context.hashOfBlock, (call) => runDnn(this.attempt, call));
    movePrecompiles(this.evm, overrides);
  }

  /** In a turn of its own: who runs many, however short, does not hold up the node. */
  async run(gasLimit: bigint): Promise<RunResult> {
    await setImmediate();
    return runMessage(this.evm, { ...this.message, gasLimit }, this.#context.block);
  }
}

const statusOf = (result: RunResult): CallResult["status"] => (result.status === "aborted" ? "halt" : result.status);

/** `eth_call`: forcing a result that is not there reverts with `NotReady(id)`. */
export async function call(context: CallContext, request: CallRequest, overrides: StateOverrides): Promise<CallResult> {
  const gasLimit = request.gasLimit ?? context.block.gasLimit;
  const run = new CallRun(context, request, overrides, gasLimit);
  const intrinsic = intrinsicGas({ ...run.message, authorizations: request.authorizations });
  const result = await run.run(gasLimit > intrinsic ? gasLimit - intrinsic : 0n);
  const refund = smallerOf(result.refundGas, (result.gasUsed + intrinsic) / 5n);
  return {
    status: statusOf(result),
    output: result.output,
    gasUsed: intrinsic + result.gasUsed - refund,
    ...(result.error === undefined ? {} : { error: result.error }),
  };
}

/** As `call`, and what happened on the way. */
export async function traceCall(
  context: CallContext,
  request: CallRequest,
  overrides: StateOverrides,
  options: TraceOptions,
): Promise<unknown> {
  const gasLimit = request.gasLimit ?? context.block.gasLimit;
  const run = new CallRun(context, request, overrides, gasLimit);
  const tracer = openTracer(options, { message: run.message, gasLimit }, openBudget());
  const intrinsic = intrinsicGas({ ...run.message, authorizations: request.authorizations });
  const result = await tracer.observe(run.evm, () => run.run(gasLimit > intrinsic ? gasLimit - intrinsic : 0n));
  const refund = smallerOf(result.refundGas, (result.gasUsed + intrinsic) / 5n);
  return tracer.result({
    succeeded: result.status === "success",
    gasUsed: intrinsic + result.gasUsed - refund,
    error: result.error,
    output: result.output,
    createdAddress: result.createdAddress,
  });
}

/** What a transaction would use, waiting included: results that are not there count as zeros (7-details 20). */
interface Rehearsal {
  readonly result: RunResult;
  /** Gas before refunds, intrinsic included; what the limit must cover. */
  readonly gasUsed: bigint;
  readonly waited: boolean;
}

async function rehearse(
  context: CallContext,
  request: CallRequest,
  overrides: StateOverrides,
  gasLimit: bigint,
): Promise<Rehearsal> {
  const assumed = new Map<Hex, Hex>();
  let gasUsed: bigint | undefined;
  for (;;) {
    const run = new CallRun(context, request, overrides, gasLimit);
    gasUsed ??= intrinsicGas({ ...run.message, authorizations: request.authorizations });
    const { to, accessList } = run.message;
    // The created contract's own address is not compared: its constructor is the only code that runs for it.
    const rule = parkRule(
      to,
      accessList.map((entry) => entry.address),
    );
    run.attempt = { ...run.attempt, assumed, mayPark: to === null ? () => true : rule };
    if (gasUsed > gasLimit) return { result: outOfGas(gasLimit), gasUsed: gasLimit, waited: assumed.size > 0 };
    const result = await run.run(gasLimit - gasUsed);
    gasUsed += result.gasUsed;
    if (result.status !== "aborted") return { result, gasUsed, waited: assumed.size > 0 };
    const { task, job } = run.attempt.wanted!;
    const trainingWei = lackingWei(run.state, task.modelId, job);
    if (trainingWei > run.message.valueWei)
      throw new CallFailedError("revert", "execution reverted", quoteTooHigh(trainingWei));
    const paidWei = readNatural(run.state, escrowSlot(task.id));
    const priceWei = request.priceWei || context.block.baseFeeWei || 1n;
    const missingWei = task.priceWei > paidWei ? task.priceWei - paidWei : 0n;
    const quoteGas = (missingWei + priceWei - 1n) / priceWei;
    gasUsed += PARK_GAS;
    // As the transaction itself would fail (P12.5).
    if (gasUsed <= gasLimit && gasUsed + quoteGas > gasLimit)
      return { result: quoteRefused(missingWei, gasLimit), gasUsed: gasLimit, waited: true };
    gasUsed += quoteGas;
    assumed.set(task.id, await zerosFor(context, run.attempt.wanted!));
  }
}

/** Longest output that is published inline (P5.11). */
const MAX_OUTPUT_BYTES = 1024;

/** An output of zeros, as long as the graph says if this node has it. An input the graph cannot take is refused. */
async function zerosFor(context: CallContext, { task, input }: Wanted): Promise<Hex> {
  if (task.kind === TASK_KIND.evaluate) return "0x00000000";
  const shape = await context.shapeOf(task.graph.root);
  if (shape !== undefined && input !== undefined && input.length !== shape.inputBytes)
    throw new CallFailedError("revert", "execution reverted", wrongShape(shape.inputBytes, input.length));
  return `0x${"00".repeat(shape?.outputBytes ?? MAX_OUTPUT_BYTES)}`;
}

const quoteRefused = (quoteWei: bigint, gasUsed: bigint): RunResult => ({
  ...outOfGas(gasUsed),
  status: "revert",
  output: quoteTooHigh(quoteWei),
  error: "execution reverted",
});

const outOfGas = (gasUsed: bigint): RunResult => ({
  status: "halt",
  gasUsed,
  refundGas: 0n,
  output: "0x",
  logs: [],
  createdAddress: null,
  error: "out of gas",
});

/** Close enough: a limit that is this much above the least one costs nothing, since half of it may go unused. */
const SEARCH_TOLERANCE = 64n;

export async function estimateGas(
  context: CallContext,
  request: CallRequest,
  overrides: StateOverrides,
): Promise<bigint> {
  const cap =
    request.gasLimit !== undefined && request.gasLimit < MAX_TRANSACTION_GAS ? request.gasLimit : MAX_TRANSACTION_GAS;
  const full = await rehearse(context, request, overrides, cap);
  const { result, waited } = full;
  if (result.status !== "success")
    throw new CallFailedError(statusOf(result) as "revert" | "halt", result.error ?? "execution failed", result.output);
  const passes = async (gas: bigint) => (await rehearse(context, request, overrides, gas)).result.status === "success";
  let high = full.gasUsed;
  if (!(await passes(high))) {
    // More is needed than is used: a call keeps back a 64th of the gas, and stipends return.
    let low = high;
    high = cap;
    while (high - low > high / SEARCH_TOLERANCE) {
      const middle = low * 2n < high ? low * 2n : (low + high) / 2n;
      if (await passes(middle)) high = middle;
      else low = middle;
    }
  }
  const floor = floorGas(bytesOfHex(request.data ?? "0x"));
  const gas = largerOf(high, floor);
  if (!waited) return gas;
  const roomy = (gas * 5n) / 4n;
  return smallerOf(roomy, cap);
}

/**
 * `eth_createAccessList`; names the DNN precompile where only that lets the transaction wait (P12.3). Its attempts have one
 * gas limit together, each charged PARK_GAS beside what it used, as a transaction's are: that bounds their number, too.
 */
export async function createAccessList(context: CallContext, request: CallRequest): Promise<AccessListResult> {
  const assumed = new Map<Hex, Hex>();
  let forcing = false;
  let gasLeft = smallerOf(request.gasLimit ?? MAX_TRANSACTION_GAS, MAX_TRANSACTION_GAS);
  for (;;) {
    const run = new CallRun(context, request, {}, gasLeft);
    const { from, to } = run.message;
    run.attempt = {
      ...run.attempt,
      assumed,
      mayPark: (caller) => {
        forcing ||= caller !== to;
        return true;
      },
    };
    run.evm.journal.startReportingAccessList();
    let result = await run.run(gasLeft);
    if (result.status === "aborted") {
      gasLeft -= result.gasUsed + PARK_GAS;
      if (gasLeft > 0n) {
        assumed.set(run.attempt.wanted!.task.id, await zerosFor(context, run.attempt.wanted!));
        continue;
      }
      result = outOfGas(result.gasUsed);
    }
    const hidden = new Set([
      from,
      to,
      context.block.beneficiary,
      ...[...run.evm.precompiles.keys()].map((a) => `0x${a}`),
    ]);
    const entries = [...(run.evm.journal.accessList ?? new Map<string, Set<string>>())].map(([address, keys]) => ({
      address: `0x${address}` as Address,
      storageKeys: [...keys].sort().map((key) => hexOf(bytesOfHex(`0x${key.padStart(64, "0")}`))),
    }));
    const listed = entries.filter((entry) => entry.storageKeys.length > 0 || !hidden.has(entry.address));
    const accessList = forcing ? [...listed, { address: DNN_ADDRESS, storageKeys: [] }] : listed;
    return {
      accessList,
      gasUsed: result.gasUsed + intrinsicGas({ ...run.message, accessList, authorizations: request.authorizations }),
      ...(result.status === "success" ? {} : { error: result.error ?? "execution failed" }),
    };
  }
}
