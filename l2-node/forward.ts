import { createPublicClient, type Hex, http, RpcRequestError } from "viem";
import { PoolError } from "./sequencer/pool-error.ts";

/** Sends raw transactions on to the sequencer's RPC, and its refusals back in its own words. */
export function forwardTo(url: string): (raw: Hex) => Promise<Hex> {
  const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  return async (raw) => {
    try {
      return await client.request({ method: "eth_sendRawTransaction", params: [raw] });
    } catch (error) {
      const refusal = (error as { walk?: (test: (cause: unknown) => boolean) => unknown }).walk?.(
        (cause) => cause instanceof RpcRequestError,
      );
      if (refusal instanceof RpcRequestError)
        throw new PoolError("forwarded", refusal.details, { actual: refusal.code });
      throw new PoolError("sequencer-unavailable", "the sequencer's RPC does not answer", {
        cause: error,
        expected: url,
      });
    }
  };
}
