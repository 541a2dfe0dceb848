import { type Hex, keccak256 } from "viem";
import { AnhError } from "../../common/errors.ts";
import { ownErrorOf, troubleOf } from "../../common/trouble.ts";
import type { Answer, Endpoints } from "./endpoints.ts";

/**
 * Some of L1's endpoints took a transaction, and others refuse it: who of them is right shows when it is in a block, or is not. It is
 * on its way until then.
 */
export class PartlyRefusedError extends AnhError {
  readonly hash: Hex;
  constructor(hash: Hex, { endpoint, refusal }: Refused) {
    super("l1-partly-refused", `${endpoint.shown} refuses what others take: ${troubleOf(refusal).message}`, {
      actual: hash,
      cause: refusal,
      hint: "if it is in no block soon, look at what the first says: the others may have kept it to themselves",
    });
    this.hash = hash;
  }
}

type Refused = Extract<Answer<unknown>, { readonly refusal: unknown }>;

export const partlyRefused = (error: unknown): PartlyRefusedError | undefined => {
  const own = ownErrorOf(error);
  return own instanceof PartlyRefusedError ? own : undefined;
};

/** In the words of those that heard of it from another one. */
const KNOWN = /already (known|imported)/i;

/**
 * Any of them may pass it on, and none may keep it. Resolves with its hash; throws `PartlyRefusedError` where only some take it, and
 * what they say where none does.
 */
export async function sendByAll(endpoints: Endpoints, params: readonly unknown[]): Promise<unknown> {
  const answers = await endpoints.askAll((endpoint) => endpoint.ask("eth_sendRawTransaction", params));
  const refused = answers.filter((answer): answer is Refused => "refusal" in answer);
  if (refused.length === answers.length) throw refused[0]!.refusal;
  const hash = keccak256(params[0] as Hex);
  const other = refused.find(({ refusal }) => !KNOWN.test(troubleOf(refusal).message));
  if (other !== undefined) throw new PartlyRefusedError(hash, other);
  return hash;
}
