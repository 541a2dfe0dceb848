import { custom, keccak256, type Transport } from "viem";
import type { Endpoints } from "./endpoints.ts";

/**
 * L1 for who checks what it reads by itself: the first endpoint that answers is asked, and the next when that one fails; transactions
 * go out by all.
 */
export function firstAnswer(endpoints: Endpoints): Transport {
  const request = ({ method, params = [] }: { method: string; params?: readonly unknown[] }): Promise<unknown> =>
    method === "eth_sendRawTransaction"
      ? sendByAll(endpoints, params)
      : endpoints.askOne((endpoint) => endpoint.ask(method, params));
  // Endpoints have their own retries.
  return custom({ request } as Parameters<typeof custom>[0], { retryCount: 0 });
}

/** Any of them may pass it on, and none may keep it. Resolves with its hash; throws what they say where all refuse. */
export async function sendByAll(endpoints: Endpoints, params: readonly unknown[]): Promise<unknown> {
  const answers = await endpoints.askAll((endpoint) => endpoint.ask("eth_sendRawTransaction", params));
  for (const answer of answers) if ("value" in answer) return keccak256(params[0] as `0x${string}`);
  throw (answers[0] as { readonly refusal: unknown }).refusal;
}
