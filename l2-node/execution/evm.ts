import { setImmediate } from "node:timers/promises";
import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import {
  EVM,
  EVMError,
  type EVMResult,
  type EVMRunCallOpts,
  type ExecResult,
  type Message,
  NobleBN254,
  type PrecompileFunc,
} from "@ethereumjs/evm";
import { Address, createAddressFromString, generateAddress, generateAddress2 } from "@ethereumjs/util";
import secp256k1 from "secp256k1";
import type { Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { smallerOf } from "../../common/bigint.ts";
import { bytesOfHex, naturalBytes } from "../../common/bytes.ts";
import { keccak } from "../../common/keccak.ts";
import { rememberAnalyses } from "./jump-analysis.ts";
import { kzg } from "./kzg.ts";
import type { WorldState } from "./state.ts";
import { EvmStateManager } from "./state-manager.ts";

/** Public key that made a signature, as the ECRECOVER precompile asks for it. */
function ecrecover(digest: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64);
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  return secp256k1.ecdsaRecover(signature, Number(v > 1n ? v - 27n : v), digest, false).slice(1);
}

/** Mainnet's rules at Osaka, with native crypto. */
export const evmCommon = (chainId: bigint) =>
  createCustomCommon({ chainId: Number(chainId), name: "anh" }, Mainnet, {
    hardfork: Hardfork.Osaka,
    customCrypto: { keccak256: keccak, ecrecover, kzg },
  });

export type EvmCommon = ReturnType<typeof evmCommon>;

/** A call as a precompile with context sees it; @ethereumjs's own precompiles get data and gas only. */
export interface PrecompileCall {
  readonly caller: Hex;
  readonly valueWei: bigint;
  readonly data: Uint8Array;
  readonly gasLimit: bigint;
  readonly isStatic: boolean;
  /** DELEGATECALL or CALLCODE: the code runs on somebody else's account. */
  readonly isDelegated: boolean;
}

export type PrecompileResult =
  | {
      readonly kind: "return";
      readonly output: Uint8Array;
      readonly gasUsed: bigint;
      readonly logs?: ExecResult["logs"];
    }
  | { readonly kind: "revert"; readonly output: Uint8Array; readonly gasUsed: bigint }
  /** All gas of the call is used. */
  | { readonly kind: "halt" }
  /** The whole transaction stops here; nobody on the call stack can catch it. */
  | { readonly kind: "abort"; readonly gasUsed: bigint };

/** What is seen of a frame right before an opcode runs. */
export interface OpcodeState {
  readonly env: { readonly depth: number; readonly address: Address };
  /** The top `count` words, the topmost first. */
  readonly stack: { peek(count: number): bigint[] };
  readonly memory: { read(offset: number, length: number): Uint8Array };
}

/** CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL. */
const CALL_OPCODES = [0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa];

/** JUMP, JUMPI: every long run passes through them. */
const JUMP_OPCODES = [0x56, 0x57];
/** Some 20 ms of a tight loop. */
const JUMPS_PER_BREATH = 2048;
/** Some 20 ms of the slowest precompile, pairings: straight-line code calls them without a jump. */
const PRECOMPILE_GAS_PER_BREATH = 40_000n;

const KECCAK256 = 0x20;
const SELFDESTRUCT = 0xff;
/** KECCAK256, LOG0 … LOG4: (offset, length) lie on top of the stack. */
const RANGE_OPCODES = [KECCAK256, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4];
// The two ways in which ANH's EVM is stricter than Ethereum's (P12.2), so that every step can be proven in one L1
// transaction. CREATE needs no cap of its own: EIP-3860's is lower.
const MAX_RANGE_BYTES = 131_072n;
const MAX_PRECOMPILE_GAS = 6_000_000n;

/** Stands in for the DNN precompile's code, so that the EVM knows the address as a precompile (always warm). */
const dnnMarker: PrecompileFunc = () => {
  throw new Error("the DNN precompile runs in AnhEvm.runPrecompile");
};

/**
 * @ethereumjs/evm with a DNN precompile that sees its call's context, creation addresses by the transaction's nonce, and
 * an abort that unwinds every frame at once.
 */
export class AnhEvm extends EVM {
  readonly world: EvmStateManager;
  /** Warm from the start, wherever a call has moved them. */
  readonly precompileAddresses: readonly Hex[];
  /** Told of calls, creations, logs and self-destructions right before each; costs nothing where nobody listens. */
  watch: ((opcode: number, state: OpcodeState) => void) | undefined;
  readonly #dnn: (call: PrecompileCall) => PrecompileResult;
  /** Nonce a creation transaction's address is made from (P12.2). */
  #nonce = 0n;
  #message: Message | undefined;
  #aborted = false;
  #jumps = 0;
  /** Gas of precompiles since the process could last answer others. */
  #precompileGas = 0n;

  constructor(
    common: EvmCommon,
    state: WorldState,
    hashOfBlock: (number: number) => Hex,
    dnn: (call: PrecompileCall) => PrecompileResult,
  ) {
    const stateManager = new EvmStateManager(state);
    const blockchain = {
      getBlock: async (number: number) => ({ hash: () => bytesOfHex(hashOfBlock(number)) }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    };
    super({
      common,
      stateManager,
      blockchain: blockchain as never,
      bn254: new NobleBN254(),
      customPrecompiles: [{ address: createAddressFromString(DNN_ADDRESS), function: dnnMarker }],
    });
    this.world = stateManager;
    this.precompileAddresses = [...this.precompiles.keys()].map((address): Hex => `0x${address}`);
    this.#dnn = dnn;
    for (const opcode of CALL_OPCODES) this.#stopAfterAbort(opcode);
    for (const opcode of JUMP_OPCODES) this.#breatheAt(opcode);
    for (const opcode of RANGE_OPCODES) this.#capRange(opcode);
    this.#watchAt(SELFDESTRUCT);
  }

  /** Runs a transaction's message; `aborted` tells that the DNN precompile stopped it, its gas is exact either way. */
  async runTransaction(options: EVMRunCallOpts, nonce: bigint): Promise<EVMResult & { readonly aborted: boolean }> {
    this.#nonce = nonce;
    this.#aborted = false;
    const result = await this.runCall({ ...options, skipNonceIncrement: true });
    return { ...result, aborted: this.#aborted };
  }

  protected override async _executeCall(message: Parameters<EVM["_executeCall"]>[0]): Promise<EVMResult> {
    this.#message = message;
    return super._executeCall(message);
  }

  protected override async runPrecompile(code: PrecompileFunc, data: Uint8Array, gasLimit: bigint) {
    if (data.length > MAX_RANGE_BYTES) return this.#execResult({ kind: "halt" }, gasLimit);
    // A precompile calls nobody, so the message begun last is the one that reached it.
    const message = this.#message!;
    if (this.#precompileGas >= PRECOMPILE_GAS_PER_BREATH) {
      this.#precompileGas = 0n;
      await setImmediate();
    }
    const result =
      code === dnnMarker ? this.#runDnn(message, data, gasLimit) : await this.#runCapped(code, data, gasLimit);
    this.#precompileGas += result.executionGasUsed;
    return result;
  }

  #runDnn(message: Message, data: Uint8Array, gasLimit: bigint): ExecResult {
    const result = this.#dnn({
      caller: message.caller.toString(),
      valueWei: message.value,
      data,
      gasLimit,
      isStatic: message.isStatic,
      isDelegated: message.delegatecall || message.to?.toString() !== DNN_ADDRESS,
    });
    return this.#execResult(result, gasLimit);
  }

  protected override async _generateAddress(message: Message): Promise<Address> {
    if (message.salt)
      return new Address(generateAddress2(message.caller.bytes, message.salt, message.code as Uint8Array));
    if (message.depth > 0) return super._generateAddress(message);
    return new Address(generateAddress(message.caller.bytes, naturalBytes(this.#nonce)));
  }

  #execResult(result: PrecompileResult, gasLimit: bigint): ExecResult {
    if (result.kind === "halt" || result.gasUsed > gasLimit)
      return {
        returnValue: new Uint8Array(),
        executionGasUsed: gasLimit,
        exceptionError: new EVMError(EVMError.errorMessages.OUT_OF_GAS),
      };
    if (result.kind === "abort") {
      this.#aborted = true;
      return { returnValue: new Uint8Array(), executionGasUsed: result.gasUsed };
    }
    if (result.kind === "revert")
      return {
        returnValue: result.output,
        executionGasUsed: result.gasUsed,
        exceptionError: new EVMError(EVMError.errorMessages.REVERT),
      };
    return {
      returnValue: result.output,
      executionGasUsed: result.gasUsed,
      ...(result.logs ? { logs: result.logs } : {}),
    };
  }

  /**
   * After an abort below, a frame stops as if by STOP: it cannot look at the outcome, and every parent adds the gas its
   * child used, so that the top frame's figure is the gas of the whole attempt.
   */
  #stopAfterAbort(opcode: number): void {
    const entry = this._opcodeMap[opcode]!;
    const original = entry.opHandler;
    entry.opHandler = async (runState, common) => {
      this.watch?.(opcode, runState);
      await original(runState, common);
      if (this.#aborted) throw new EVMError(EVMError.errorMessages.STOP);
    };
  }

  async #runCapped(code: PrecompileFunc, data: Uint8Array, gasLimit: bigint): Promise<ExecResult> {
    // With no more gas than the cap, a dearer call runs out of it before it computes anything.
    const result = await super.runPrecompile(code, data, smallerOf(gasLimit, MAX_PRECOMPILE_GAS));
    return result.exceptionError === undefined ? result : { ...result, executionGasUsed: gasLimit };
  }

  #capRange(opcode: number): void {
    const entry = this._opcodeMap[opcode]!;
    const original = entry.opHandler;
    entry.opHandler = (runState, common) => {
      if (runState.stack.peek(2)[1]! > MAX_RANGE_BYTES) throw new EVMError(EVMError.errorMessages.OUT_OF_GAS);
      if (opcode !== KECCAK256) this.watch?.(opcode, runState);
      return original(runState, common);
    };
  }

  #watchAt(opcode: number): void {
    const entry = this._opcodeMap[opcode]!;
    const original = entry.opHandler;
    entry.opHandler = (runState, common) => {
      this.watch?.(opcode, runState);
      return original(runState, common);
    };
  }

  /** Lets the process answer others during a long transaction. */
  #breatheAt(opcode: number): void {
    const entry = this._opcodeMap[opcode]!;
    const original = entry.opHandler;
    entry.opcodeInfo = { ...entry.opcodeInfo, isAsync: true };
    entry.opHandler = (runState, common) => {
      rememberAnalyses(runState.interpreter);
      original(runState, common);
      return ++this.#jumps % JUMPS_PER_BREATH === 0 ? setImmediate() : undefined;
    };
  }
}
