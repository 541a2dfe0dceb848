import { custom, type Hex, keccak256, numberToHex, type Transport } from "viem";
import { smallerOf } from "../../common/bigint.ts";
import type { Endpoints } from "./endpoints.ts";

/**
 * L1 for who checks what it reads by itself: the first endpoint that answers is asked, and the next when that one fails; transactions
 * go out by all, at a tip that none of them names alone.
 */
export function firstAnswer(endpoints: Endpoints): Transport {
  const request = ({ method, params = [] }: { method: string; params?: readonly unknown[] }): Promise<unknown> => {
    if (method === "eth_sendRawTransaction") return sendByAll(endpoints, params);
    if (method === "eth_maxPriorityFeePerGas") return lowestTip(endpoints);
    return endpoints.askOne((endpoint) => endpoint.ask(method, params));
  };
  // Endpoints have their own retries.
  return custom({ request } as Parameters<typeof custom>[0], { retryCount: 0 });
}

/** Any of them may pass it on, and none may keep it. Resolves with its hash; throws what they say where all refuse. */
export async function sendByAll(endpoints: Endpoints, params: readonly unknown[]): Promise<unknown> {
  const answers = await endpoints.askAll((endpoint) => endpoint.ask("eth_sendRawTransaction", params));
  for (const answer of answers) if ("value" in answer) return keccak256(params[0] as Hex);
  throw (answers[0] as { readonly refusal: unknown }).refusal;
}

/** An endpoint may waste an offer, but not name the fee. Throws the first refusal, if there is one. */
export async function lowestTip(endpoints: Endpoints): Promise<Hex> {
  const answers = await endpoints.askAll((endpoint) => endpoint.ask("eth_maxPriorityFeePerGas", []));
  const tips = answers.map((answer) => {
    if ("refusal" in answer) throw answer.refusal;
    return BigInt(answer.value as Hex);
  });
  return numberToHex(tips.reduce(smallerOf));
}
