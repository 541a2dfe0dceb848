import type { Hex } from "viem";
import { RpcError } from "./errors.ts";
import { newId } from "./filters.ts";

/** A connection that can be told things. */
export interface Session {
  /**
   * Begins to tell what `start` hands over, as notifications of `method`, after the caller has heard the id. `start` returns
   * how to stop.
   */
  subscribe(
    method: "eth_subscription" | "anh_subscription",
    start: (tell: (result: unknown) => void) => () => void,
  ): Hex;
  unsubscribe(id: Hex): boolean;
}

export interface SubscriptionNotice {
  readonly jsonrpc: "2.0";
  readonly method: string;
  readonly params: { readonly subscription: Hex; readonly result: unknown };
}

/** `notify` sends one notification; `close` ends every subscription. */
export function openSession(
  { maxSubscriptions }: { readonly maxSubscriptions: number },
  notify: (notice: SubscriptionNotice) => void,
): Session & { close(): void } {
  const stops = new Map<Hex, () => void>();
  const unsubscribe = (id: Hex): boolean => {
    stops.get(id)?.();
    return stops.delete(id);
  };
  return {
    subscribe(method, start) {
      if (stops.size >= maxSubscriptions)
        throw new RpcError("limitExceeded", `no more than ${maxSubscriptions} subscriptions on one connection`);
      const id = newId();
      let isTold = false;
      const early: unknown[] = [];
      const tell = (result: unknown) => {
        if (isTold) notify({ jsonrpc: "2.0", method, params: { subscription: id, result } });
        else early.push(result);
      };
      const stop = start(tell);
      // The answer with the id leaves in this turn of the event loop.
      const timer = setImmediate(() => {
        isTold = true;
        for (const result of early.splice(0)) tell(result);
      });
      stops.set(id, () => {
        clearImmediate(timer);
        stop();
      });
      return id;
    },
    unsubscribe,
    close() {
      for (const id of [...stops.keys()]) unsubscribe(id);
    },
  };
}
