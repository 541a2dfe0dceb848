import type { EVM } from "@ethereumjs/evm";

/** Where a code may jump to, and what else the interpreter wants to know of it. */
type Analysis = unknown;
interface Interpreter {
  readonly _evm: EVM;
  _getValidJumpDestinations(code: Uint8Array): Analysis;
}

const known = new WeakMap<EVM, WeakMap<Uint8Array, Analysis>>();
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
    const ofEvm = known.get(this._evm) ?? new WeakMap<Uint8Array, Analysis>();
    known.set(this._evm, ofEvm);
    const analysis = ofEvm.get(code) ?? analyse.call(this, code);
    ofEvm.set(code, analysis);
    return analysis;
  };
}
