import { AnhError } from "../../common/errors.ts";

/** The one table of codes: JSON-RPC 2.0, EIP-1474, and 3 for reverts as go-ethereum has it. */
export const RPC_CODE = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  unsupported: -32004,
  limitExceeded: -32005,
  // eth_simulateV1's, as execution-apis list them.
  vmError: -32015,
  nonceTooLow: -38010,
  nonceTooHigh: -38011,
  baseFeeTooLow: -38012,
  intrinsicGasTooLow: -38013,
  insufficientFunds: -38014,
  blockGasLimit: -38015,
  blockOrder: -38020,
  timestampOrder: -38021,
  precompileToItself: -38022,
  initcodeTooLong: -38025,
  tooManyBlocks: -38026,
  reverted: 3,
} as const;

export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: keyof typeof RPC_CODE, message: string, data?: unknown) {
    super(message);
    this.name = "RpcError";
    this.code = RPC_CODE[code];
    this.data = data;
  }
}

export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What a caller is told. Typed errors of ours are the caller's business, whatever else was thrown is not. */
export function errorBody(error: unknown): RpcErrorBody {
  if (error instanceof RpcError)
    return { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) };
  if (error instanceof AnhError) {
    const { message, ...details } = error.toJSON();
    return { code: RPC_CODE.server, message: error.message, data: details };
  }
  return { code: RPC_CODE.internal, message: "internal error" };
}
