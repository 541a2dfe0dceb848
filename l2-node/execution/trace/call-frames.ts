import type { EVMResult, Message } from "@ethereumjs/evm";
import { type Address, type Hex, numberToHex } from "viem";
import { bytesOfHex, hexOf } from "../../../common/bytes.ts";
import { readAccount } from "../account.ts";
import type { AnhEvm, OpcodeState } from "../evm.ts";
import { revertReason } from "./revert-reason.ts";
import type { Budget, Ended, Traced, TraceOptions, Tracer } from "./tracer.ts";

interface FrameLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  /** Calls of the frame before it. */
  readonly position: Hex;
}

/** A call as go-ethereum's callTracer tells it. */
export interface CallFrame {
  readonly type: string;
  readonly from: Address;
  to?: Address;
  value?: Hex;
  readonly gas: Hex;
  gasUsed: Hex;
  readonly input: Hex;
  output?: Hex;
  error?: string;
  revertReason?: string;
  calls?: CallFrame[];
  logs?: FrameLog[];
}

const KINDS: Readonly<Record<number, string>> = {
  240: "CREATE",
  241: "CALL",
  242: "CALLCODE",
  244: "DELEGATECALL",
  245: "CREATE2",
  250: "STATICCALL",
};
const SELFDESTRUCT = 0xff;
const LOG0 = 0xa0;
const LOG4 = 0xa4;

/** An empty top frame, for what runs no code. */
export const topFrame = ({ message, gasLimit }: Traced): CallFrame => ({
  type: message.to === null ? "CREATE" : "CALL",
  from: message.from,
  ...(message.to === null ? {} : { to: message.to }),
  value: numberToHex(message.valueWei),
  gas: numberToHex(gasLimit),
  gasUsed: "0x0",
  input: hexOf(message.data),
});

/** The tree of calls. */
export function callFrames(
  { onlyTopCall, withLog }: Extract<TraceOptions, { kind: "callTracer" }>,
  traced: Traced,
  budget: Budget,
): Tracer {
  const top = topFrame(traced);
  /** From the top frame to the one that runs. */
  const open: { frame: CallFrame; at: Address | undefined }[] = [];
  /** How each depth called last: what began the frame below it. */
  const kinds: string[] = [];
  let balanceOf: (account: Address) => bigint = () => 0n;

  function onBegin(message: Message): void {
    const parent = open.at(-1);
    if (parent === undefined) {
      open.push({ frame: top, at: message.to?.toString() });
      return;
    }
    const frame = innerFrame(message, kinds[message.depth - 1] ?? "CALL", parent);
    budget.spend(300 + frame.input.length);
    open.push({ frame, at: message.to?.toString() });
    if (!onlyTopCall) parent.frame.calls = [...(parent.frame.calls ?? []), frame];
  }

  function onEnd({ execResult, createdAddress }: EVMResult): void {
    const { frame } = open.pop()!;
    if (open.length === 0) return; // the receipt tells of the top
    const error = execResult.exceptionError?.error;
    const output = hexOf(execResult.returnValue);
    budget.spend(output.length);
    frame.gasUsed = numberToHex(execResult.executionGasUsed);
    if (createdAddress) frame.to = createdAddress.toString();
    finish(frame, error === "revert" ? "execution reverted" : error, output);
  }

  function onOpcode(opcode: number, state: OpcodeState): void {
    kinds[state.env.depth] = KINDS[opcode] ?? "";
    const current = open.at(-1)?.frame;
    if (current === undefined || (onlyTopCall && open.length > 1)) return;
    if (withLog && opcode >= LOG0 && opcode <= LOG4) {
      const log = logOf(opcode, state, current.calls?.length ?? 0);
      budget.spend(200 + log.data.length);
      current.logs = [...(current.logs ?? []), log];
    }
    if (opcode === SELFDESTRUCT && !onlyTopCall)
      current.calls = [...(current.calls ?? []), selfdestruct(state, balanceOf)];
  }

  return {
    async observe(evm: AnhEvm, run) {
      evm.events.on("beforeMessage", onBegin);
      evm.events.on("afterMessage", onEnd);
      evm.watch = onOpcode;
      balanceOf = (account) => readAccount(evm.world.world, account).balanceWei;
      try {
        return await run();
      } finally {
        evm.events.off("beforeMessage", onBegin);
        evm.events.off("afterMessage", onEnd);
        evm.watch = undefined;
      }
    },
    result({ gasUsed, succeeded, error, output, createdAddress }: Ended) {
      top.gasUsed = numberToHex(gasUsed);
      if (createdAddress) top.to = createdAddress;
      finish(top, succeeded ? undefined : (error ?? "execution failed"), output);
      return top;
    },
  };
}

/** A failed frame leaves no logs, nor do the frames it called. */
function finish(frame: CallFrame, error: string | undefined, output: Hex): void {
  if (output !== "0x") frame.output = output;
  if (error === undefined) return;
  frame.error = error;
  const reason = error === "execution reverted" ? revertReason(output) : undefined;
  if (reason !== undefined) frame.revertReason = reason;
  if (frame.type.startsWith("CREATE")) delete frame.to;
  dropLogs(frame);
}

function dropLogs(frame: CallFrame): void {
  delete frame.logs;
  for (const call of frame.calls ?? []) dropLogs(call);
}

/** Code that runs on another's account is called by that account, and named by where it lies. */
function innerFrame(
  message: Message,
  opcode: string,
  parent: { frame: CallFrame; at: Address | undefined },
): CallFrame {
  const borrowed = opcode === "DELEGATECALL" || opcode === "CALLCODE";
  const to = borrowed ? message.codeAddress?.toString() : message.to?.toString();
  const value = opcode === "DELEGATECALL" ? parent.frame.value : numberToHex(message.value);
  return {
    type: opcode,
    from: borrowed && parent.at !== undefined ? parent.at : message.caller.toString(),
    ...(to === undefined ? {} : { to }),
    ...(opcode === "STATICCALL" || value === undefined ? {} : { value }),
    gas: numberToHex(message.gasLimit),
    gasUsed: "0x0",
    input: hexOf(message.data),
  };
}

function logOf(opcode: number, { stack, memory, env }: OpcodeState, position: number): FrameLog {
  const [offset, length, ...topics] = stack.peek(2 + opcode - LOG0) as [bigint, bigint, ...bigint[]];
  return {
    address: env.address.toString(),
    topics: topics.map((topic) => numberToHex(topic, { size: 32 })),
    data: length === 0n ? "0x" : hexOf(memory.read(Number(offset), Number(length))),
    position: numberToHex(position),
  };
}

function selfdestruct({ env, stack }: OpcodeState, balanceOf: (account: Address) => bigint): CallFrame {
  const from = env.address.toString();
  const [heir] = stack.peek(1);
  return {
    type: "SELFDESTRUCT",
    from,
    to: hexOf(bytesOfHex(numberToHex(heir!, { size: 32 })).subarray(12)),
    value: numberToHex(balanceOf(from)),
    gas: "0x0",
    gasUsed: "0x0",
    input: "0x",
  };
}
