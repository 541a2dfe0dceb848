import { BaseError, RpcRequestError } from "viem";
import { HexError } from "../../common/bytes.ts";
import { AnhError } from "../../common/errors.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import { troubleOf } from "../../common/trouble.ts";
import type { Endpoint } from "./endpoints.ts";

/** What L1 itself may refuse, because a contract reverts or a transaction cannot be. */
const REFUSABLE: ReadonlySet<string> = new Set(["eth_call", "eth_estimateGas", "eth_sendRawTransaction"]);
/** But not in these words, of one that is behind its own head, or has forgotten too much. */
const LACKS =
  /header not found|missing trie node|(unknown|no such) block|block.*not found|state.*not (available|found)|out ?of ?range/i;

/** Who refuses what has an answer is out of order like one that is silent: nothing waits for it. What it answers is spelt as others do. */
export const doingItsPart = ({ shown, ask }: Endpoint): Endpoint => ({
  shown,
  ask: (method, params) =>
    ask(method, params).then(
      (answer) => inSmallLetters(answer, 0),
      (error: unknown) => {
        if (isFault(error) || isOutOfOrder(error)) throw error;
        const { message } = troubleOf(error);
        if (REFUSABLE.has(method) && (/revert/i.test(message) || !LACKS.test(message))) throw error;
        throw new L1DataError("l1-refusal", `${shown} refuses ${method}: ${message}`, { cause: error });
      },
    ),
});

const IN_CAPITALS = /^0x[0-9a-f]*[A-F][0-9a-fA-F]*$/;
/** Nothing that is asked of L1 has an answer half as deep; what is much deeper, JSON.stringify cannot compare. */
const MAX_DEPTH = 32;

/** Proofs are of bytes, and all else compares letters: hex in capitals would pass for another block, or for a log of nobody's. */
function inSmallLetters(value: unknown, depth: number): unknown {
  if (typeof value === "string") return IN_CAPITALS.test(value) ? value.toLowerCase() : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new RangeError(`nested more than ${MAX_DEPTH} deep`);
  // Nearly all answers stay as they came.
  let copy: Record<string, unknown> | undefined;
  for (const [key, item] of Object.entries(value)) {
    const small = inSmallLetters(item, depth + 1);
    if (small === item) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[key] = small;
  }
  return copy ?? value;
}

/** Neither a refusal nor ours: what came was not of the shape that it must have. */
export const isFault = (error: unknown): boolean =>
  error instanceof HexError || !(error instanceof BaseError || error instanceof AnhError);

export const unreadable = ({ shown }: Endpoint, error: unknown): L1DataError =>
  new L1DataError("l1-malformed", `${shown} answers what cannot be read: ${troubleOf(error).message}`, {
    cause: error,
  });

/** Limit exceeded, and methods that it does not have: another endpoint may be better off. */
const OUT_OF_ORDER: ReadonlySet<unknown> = new Set([-32005, -32601, -32004, 429]);

/** It does not answer, asks to be left alone, or was found to say what cannot be true; anything else it says is an answer. */
export function isOutOfOrder(error: unknown): boolean {
  if (error instanceof L1DataError) return true;
  if (!(error instanceof BaseError)) return false;
  const isRefusal = (cause: unknown) => cause instanceof RpcRequestError && !OUT_OF_ORDER.has(cause.code);
  return error.walk(isRefusal) === null;
}
