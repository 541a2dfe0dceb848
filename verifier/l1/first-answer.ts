import { custom, type Hex, MethodNotFoundRpcError, numberToHex, type Transport } from "viem";
import { lowerMedian } from "../../common/bigint.ts";
import type { Endpoints } from "./endpoints.ts";
import { sendByAll } from "./send-by-all.ts";

/**
 * L1 for who checks what it reads by itself: the first endpoint that answers is asked, and the next when that one fails; transactions
 * go out by all, at a fee that none of three names alone.
 */
export function firstAnswer(endpoints: Endpoints): Transport {
  const request = ({ method, params = [] }: { method: string; params?: readonly unknown[] }): Promise<unknown> => {
    if (method === "eth_sendRawTransaction") return sendByAll(endpoints, params);
    if (method === "eth_fillTransaction") return Promise.reject(notAsked(method));
    if (OFFERS.has(method)) return middleOffer(endpoints, method);
    return endpoints.askOne((endpoint) => endpoint.ask(method, params));
  };
  // Endpoints have their own retries.
  return custom({ request } as Parameters<typeof custom>[0], { retryCount: 0 });
}

/** viem would take gas, nonce and fees from one endpoint, if it had `eth_fillTransaction`; without, it asks for each. */
export const notAsked = (method: string): Error =>
  new MethodNotFoundRpcError(new Error(`${method} is not asked of L1's endpoints`), { method });

/** What fees are made of; viem takes the price where no tip is told. */
const OFFERS: ReadonlySet<string> = new Set(["eth_maxPriorityFeePerGas", "eth_gasPrice", "eth_blobBaseFee"]);

/** One of three names no fee: neither a ruinous one nor one that no block takes. One of two may waste an offer. */
export async function middleOffer(endpoints: Endpoints, method: string): Promise<Hex> {
  const offers = await endpoints.askAll(async (endpoint) => BigInt((await endpoint.ask(method, [])) as Hex));
  const weis = offers.flatMap((offer) => ("value" in offer ? [offer.value] : []));
  return numberToHex(lowerMedian(weis));
}
