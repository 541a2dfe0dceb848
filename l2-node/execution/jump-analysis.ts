import type { EVM } from "@ethereumjs/evm";

/** Where a code may jump to, and what else the interpreter wants to know of it. */
type Analysis = unknown;
interface Interpreter {
  readonly _evm: EVM;
  _getValidJumpDestinations(code: Uint8Array): Analysis;
}

/** Of code: an analysis takes twenty times as much memory, and whoever calls many large codes in a block must not fill it. */
const MAX_CODE_BYTES = 2 ** 20;
const known = new WeakMap<EVM, { of: WeakMap<Uint8Array, Analysis>; bytes: number }>();
let isPatched = false;

/**
 * @ethereumjs/evm reads the whole of a code at the first jump of every frame: a fifth of an ERC-20 transfer's time, and much
 * more of calling a contract of 24 KiB again for 100 gas. Here each EVM does it once per code. The class that does it is not
 * exported, so it is taken from the first interpreter that is seen.
 */
export function rememberAnalyses(interpreter: object): void {
  if (isPatched) return;
  isPatched = true;
  const prototype = Object.getPrototypeOf(interpreter) as Interpreter;
  const analyse = prototype._getValidJumpDestinations;
  prototype._getValidJumpDestinations = function (this: Interpreter, code) {
    const kept = known.get(this._evm);
    const found = kept?.of.get(code);
    if (found !== undefined) return found;
    const hasRoom = kept !== undefined && kept.bytes + code.length <= MAX_CODE_BYTES;
    const room = hasRoom ? kept : { of: new WeakMap<Uint8Array, Analysis>(), bytes: 0 };
    known.set(this._evm, room);
    const analysis = analyse.call(this, code);
    room.of.set(code, analysis);
    room.bytes += code.length;
    return analysis;
  };
}
