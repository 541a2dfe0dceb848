import type { Message } from "@ethereumjs/evm";
import { type Address, type Hex, numberToHex } from "viem";
import { lower } from "../../common/addresses.ts";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import { hexOf } from "../../common/bytes.ts";
import { AnhError } from "../../common/errors.ts";
import { MAX_NONCE } from "../../common/transaction.ts";
import { floorGas, intrinsicGas, MAX_INITCODE_BYTES } from "../ledger/gas.ts";
import { readAccount, writeAccount } from "./account.ts";
import { applyOverrides, type CallContext, delegated, messageOf, movePrecompiles, readerFor } from "./call.ts";
import { installDelegations } from "./delegations.ts";
import { type DnnAttempt, runDnn } from "./dnn.ts";
import { AnhEvm, type OpcodeState } from "./evm.ts";
import type { CallRequest, StateOverrides } from "./execution.ts";
import { type RunBlock, type RunLog, type RunMessage, runMessage } from "./run.ts";
import { type StateReader, WorldState } from "./state.ts";

/** A simulated transaction that could not even begin; `code` names the rule. */
export class SimulationError extends AnhError {}

export interface SimulatedCall extends CallRequest {
  /** The most its sender pays per gas; zero where it names no price. */
  readonly maxFeeWei: bigint;
}

export interface SimulationOptions {
  /** Judge nonces and fees as inclusion would. */
  readonly validation: boolean;
  /** Also log every transfer of value, as ERC-7528's address would. */
  readonly traceTransfers: boolean;
  /** What senders can pay fees with beside their balances; absent where it is nothing. */
  readonly prepaidWei: ReadonlyMap<Address, bigint>;
}

export interface SimulatedOutcome {
  readonly status: "success" | "revert" | "halt";
  readonly output: Hex;
  readonly logs: readonly RunLog[];
  readonly gasUsed: bigint;
  /** Before refunds. */
  readonly maxUsedGas: bigint;
  readonly error?: string | undefined;
  /** As it ran: defaults filled in. */
  readonly message: RunMessage;
}

export interface Simulation {
  /** Runs the next block: overrides first, then the calls one after the other. `hashes` are those of blocks simulated before. */
  runBlock(
    block: RunBlock,
    overrides: StateOverrides,
    calls: readonly SimulatedCall[],
    hashes: ReadonlyMap<number, Hex>,
  ): Promise<readonly SimulatedOutcome[]>;
}

/** Gas of all calls of one simulation together. */
const MAX_SIMULATED_GAS = 50_000_000n;
/** Where transfers are logged from (ERC-7528). */
const ETHER_ADDRESS: Address = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
const TRANSFER_TOPIC: Hex = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/** Blocks on top of a block's state, each on what the one before left; nothing of it is kept. */
export function openSimulation(context: CallContext, options: SimulationOptions): Simulation {
  let reader: StateReader = context.reader;
  let gasLeft = MAX_SIMULATED_GAS;
  return {
    async runBlock(block, overrides, calls, hashes) {
      const state = new WorldState(readerFor(reader, overrides));
      reader = state;
      applyOverrides(state, overrides);
      let attempt: DnnAttempt | undefined;
      const hashOf = (number: number) => hashes.get(number) ?? context.hashOfBlock(number);
      const evm = new AnhEvm(context.common, state, hashOf, (call) => runDnn(attempt!, call));
      movePrecompiles(evm, overrides);
      const outcomes: SimulatedOutcome[] = [];
      let blockGas = 0n;
      for (const request of calls) {
        const room = smallerOf(block.gasLimit - blockGas, gasLeft);
        if (request.gasLimit !== undefined && request.gasLimit > block.gasLimit - blockGas)
          throw new SimulationError("block-gas", "block gas limit reached", {
            expected: block.gasLimit - blockGas,
            actual: request.gasLimit,
          });
        attempt = {
          state,
          chainId: context.chainId,
          minWindowSeconds: context.minWindowSeconds,
          blockNumber: block.number,
          timestamp: block.timestamp,
          mayPark: () => false,
          assumed: new Map(),
          wanted: undefined,
          softClaims: new Set(),
          faults: [],
        };
        const message = messageOf(state, request, smallerOf(request.gasLimit ?? room, room));
        const outcome = await runOne(evm, state, message, request, block, options);
        blockGas += outcome.gasUsed;
        gasLeft -= outcome.gasUsed;
        outcomes.push(outcome);
      }
      return outcomes;
    },
  };
}

async function runOne(
  evm: AnhEvm,
  state: WorldState,
  message: RunMessage,
  request: SimulatedCall,
  block: RunBlock,
  options: SimulationOptions,
): Promise<SimulatedOutcome> {
  const intrinsic = intrinsicGas({ ...message, authorizations: request.authorizations });
  judge(state, message, request, block, options, intrinsic);
  const sender = readAccount(state, message.from);
  writeAccount(state, message.from, { ...sender, nonce: BigInt.asUintN(64, message.nonce + 1n) });
  installDelegations(state, delegated(request));
  const collector = options.traceTransfers ? collectLogs(evm) : undefined;
  const result = await runMessage(evm, { ...message, gasLimit: message.gasLimit - intrinsic }, block);
  collector?.stop();
  const maxUsedGas = largerOf(intrinsic + result.gasUsed, floorGas(message.data));
  const refund = smallerOf(result.refundGas, (intrinsic + result.gasUsed) / 5n);
  const isDone = result.status === "success";
  return {
    status: result.status === "aborted" ? "halt" : result.status,
    output: result.output,
    logs: isDone ? (collector?.logs() ?? result.logs) : [],
    gasUsed: largerOf(intrinsic + result.gasUsed - refund, floorGas(message.data)),
    maxUsedGas,
    ...(result.error === undefined ? {} : { error: result.error }),
    message,
  };
}

/** What inclusion refuses. Value and intrinsic gas are judged always, nonces and fees on demand. */
function judge(
  state: WorldState,
  message: RunMessage,
  { maxFeeWei }: SimulatedCall,
  { baseFeeWei }: RunBlock,
  { validation, prepaidWei }: SimulationOptions,
  intrinsic: bigint,
): void {
  const { from, nonce, valueWei, gasLimit, to, data } = message;
  const account = readAccount(state, from);
  const refuse = (rule: string, words: string) => new SimulationError(rule, words);
  if (validation && nonce > MAX_NONCE)
    throw refuse("nonce-max", `nonce has max value: address ${from}, nonce ${nonce}`);
  if (validation && nonce < account.nonce)
    throw refuse("nonce-too-low", `nonce too low: address ${from}, tx: ${nonce} state: ${account.nonce}`);
  if (validation && nonce > account.nonce)
    throw refuse("nonce-too-high", `nonce too high: address ${from}, tx: ${nonce} state: ${account.nonce}`);
  if ((validation || maxFeeWei > 0n) && maxFeeWei < baseFeeWei)
    throw refuse(
      "base-fee",
      `max fee per gas less than block base fee: address ${from}, maxFeePerGas: ${maxFeeWei}, baseFee: ${baseFeeWei}`,
    );
  if (validation && to === null && data.length > MAX_INITCODE_BYTES)
    throw refuse("initcode", `max initcode size exceeded: code size ${data.length}, limit ${MAX_INITCODE_BYTES}`);
  const needed = largerOf(intrinsic, floorGas(data));
  if (gasLimit < needed) throw refuse("intrinsic", `intrinsic gas too low: have ${gasLimit}, want ${needed}`);
  // Simulated senders are funded by overriding their balance, so a fee may come from there too; it is not debited.
  const [has, wants] = [account.balanceWei, valueWei + gasLimit * maxFeeWei];
  if (has < valueWei || has + (prepaidWei.get(from) ?? 0n) < wants)
    throw refuse("funds", `insufficient funds for gas * price + value: address ${from} have ${has} want ${wants}`);
}

/** Logs in the order of what happened, transfers among them; failed frames leave none. */
function collectLogs(evm: AnhEvm): { logs(): readonly RunLog[]; stop(): void } {
  const frames: RunLog[][] = [[]];
  const onBegin = (message: Message) => {
    const logs: RunLog[] = [];
    frames.push(logs);
    const isTransfer = message.value > 0n && !message.delegatecall && !isBorrowed(message);
    if (isTransfer) logs.push(transfer(message.caller.toString(), message.to?.toString(), message.value));
  };
  const onEnd = ({ execResult }: { execResult: { exceptionError?: unknown } }) => {
    const logs = frames.pop()!;
    if (execResult.exceptionError === undefined) frames.at(-1)!.push(...logs);
  };
  evm.events.on("beforeMessage", onBegin);
  evm.events.on("afterMessage", onEnd);
  evm.watch = (opcode, { stack, memory, env }: OpcodeState) => {
    if (opcode === 0xff) {
      const from = env.address.toString();
      const { balanceWei } = readAccount(evm.world.world, from);
      if (balanceWei > 0n)
        frames.at(-1)!.push(transfer(from, numberToHex(stack.peek(1)[0]!, { size: 32 }), balanceWei));
    }
    if (opcode < 0xa0 || opcode > 0xa4) return;
    const [offset, length, ...topics] = stack.peek(2 + opcode - 0xa0) as [bigint, bigint, ...bigint[]];
    frames.at(-1)!.push({
      address: env.address.toString(),
      topics: topics.map((topic) => numberToHex(topic, { size: 32 })),
      data: length === 0n ? "0x" : hexOf(memory.read(Number(offset), Number(length))),
    });
  };
  return {
    logs: () => frames[0]!,
    stop() {
      evm.events.off("beforeMessage", onBegin);
      evm.events.off("afterMessage", onEnd);
      evm.watch = undefined;
    },
  };
}

/** CALLCODE: the value stays where it is. */
const isBorrowed = ({ to, codeAddress }: Message): boolean =>
  to !== undefined && codeAddress !== undefined && !codeAddress.equals(to);

const transfer = (from: Hex, to: Hex | undefined, amountWei: bigint): RunLog => ({
  address: ETHER_ADDRESS,
  topics: [TRANSFER_TOPIC, padded(from), padded(to ?? "0x")],
  data: numberToHex(amountWei, { size: 32 }),
});

const padded = (address: Hex): Hex => `0x${lower(address).slice(2).slice(-40).padStart(64, "0")}`;
