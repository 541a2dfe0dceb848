import type { InterpreterStep } from "@ethereumjs/evm";
import { type Hex, numberToHex } from "viem";
import { hexOf } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { storageKey } from "../keys.ts";
import type { Budget, TraceOptions, Tracer } from "./tracer.ts";

/** One step as go-ethereum tells it: state before the step, costs in gas. */
interface StructLog {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
  readonly refund?: number;
  readonly stack?: readonly Hex[];
  readonly memory?: readonly Hex[];
  readonly storage?: Readonly<Record<Hex, Hex>>;
  readonly returnData?: Hex;
  error?: string;
}

const SLOAD = 0x54;
const SSTORE = 0x55;
/** CALL, CALLCODE, DELEGATECALL, STATICCALL: their cost is told with the gas handed on. */
const CALLS = new Set([0xf1, 0xf2, 0xf4, 0xfa]);

const word = (value: bigint): Hex => numberToHex(value, { size: 32 });

/** The step-by-step trace of every opcode. */
export function structLogs(options: Extract<TraceOptions, { kind: "structLogs" }>, budget: Budget): Tracer {
  const logs: StructLog[] = [];
  /** Last step of each frame that has not ended. */
  const frames: StructLog[] = [];
  /** Slots touched so far, by account. */
  const touched = new Map<string, Record<Hex, Hex>>();
  let returnData: Hex = "0x";

  /** Slots as they are after the step; only reads and writes of storage tell them. */
  function storageAt({ opcode, stack, address, stateManager }: InterpreterStep) {
    if (opcode.code !== SLOAD && opcode.code !== SSTORE) return undefined;
    const [slot, value] = [stack.at(-1), stack.at(-2)];
    if (slot === undefined) return undefined;
    const account = address.toString();
    const { world } = stateManager as never as { world: { get(key: string): Uint8Array | undefined } };
    const stored = world.get(storageKey(account, word(slot)));
    const now = opcode.code === SSTORE ? word(value ?? 0n) : stored === undefined ? ZERO_HASH : hexOf(stored);
    const slots = { ...touched.get(account), [word(slot)]: now };
    touched.set(account, slots);
    return slots;
  }

  function onStep(step: InterpreterStep): void {
    const { opcode, gasLeft, gasRefund } = step;
    const storage = options.disableStorage ? undefined : storageAt(step);
    const log: StructLog = {
      pc: step.pc,
      op: opcode.name,
      gas: Number(gasLeft),
      gasCost: Number(costOf(step)),
      depth: step.depth + 1,
      ...(gasRefund > 0n ? { refund: Number(gasRefund) } : {}),
      ...(options.disableStack ? {} : { stack: step.stack.map((value) => numberToHex(value)) }),
      ...(options.enableMemory && step.memory.length > 0 ? { memory: chunksOf(step.memory) } : {}),
      ...(storage ? { storage } : {}),
      ...(options.enableReturnData && returnData !== "0x" ? { returnData } : {}),
    };
    budget.spend(sizeOf(log));
    logs.push(log);
    frames[step.depth] = log;
    frames.length = step.depth + 1;
  }

  return {
    async observe(evm, run) {
      const onEnd = ({
        execResult,
      }: {
        execResult: { returnValue: Uint8Array; exceptionError?: { error: string } };
      }) => {
        const last = frames.pop();
        const error = execResult.exceptionError?.error;
        if (last && error !== undefined && error !== "revert") last.error = error;
        returnData = hexOf(execResult.returnValue);
      };
      const take = (step: InterpreterStep) => {
        onStep(step);
        // Steps nobody listens to are forty times cheaper.
        if (options.limit > 0 && logs.length >= options.limit) evm.events.off("step", take);
      };
      evm.events.on("step", take);
      evm.events.on("afterMessage", onEnd);
      try {
        return await run();
      } finally {
        evm.events.off("step", take);
        evm.events.off("afterMessage", onEnd);
      }
    },
    result: ({ succeeded, gasUsed, output }) => ({
      gas: Number(gasUsed),
      failed: !succeeded,
      returnValue: output,
      structLogs: logs,
    }),
  };
}

/** Gas of the step, with what a call hands on: all it asks for, or 63 of 64 parts of what is left (EIP-150). */
function costOf({ opcode, gasLeft, stack }: InterpreterStep): bigint {
  const cost = opcode.dynamicFee ?? BigInt(opcode.fee);
  const asked = stack.at(-1);
  if (!CALLS.has(opcode.code) || asked === undefined || cost > gasLeft) return cost;
  const left = gasLeft - cost;
  const most = left - left / 64n;
  return cost + (asked < most ? asked : most);
}

const chunksOf = (memory: Uint8Array): Hex[] =>
  Array.from({ length: Math.ceil(memory.length / 32) }, (_, i) => {
    const chunk = new Uint8Array(32);
    chunk.set(memory.subarray(32 * i, 32 * i + 32));
    return hexOf(chunk);
  });

/** Characters of its JSON, nearly. */
const sizeOf = ({ stack = [], memory = [], storage = {}, returnData = "0x" }: StructLog): number =>
  80 +
  stack.reduce((sum, { length }) => sum + length + 3, 0) +
  69 * memory.length +
  140 * Object.keys(storage).length +
  returnData.length;
