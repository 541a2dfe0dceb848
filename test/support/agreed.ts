import type { PublicClient } from "viem";
import { openAgreed } from "../../verifier/l1/agreed.ts";
import { gatherEndpoints } from "../../verifier/l1/endpoints.ts";

/** What these clients' L1s have alike; none is ever too late. */
export function agreedOn(...clients: readonly Pick<PublicClient, "request">[]) {
  const endpoints = clients.map((client, i) => ({
    shown: `client ${i}`,
    ask: (method: string, params: readonly unknown[]) => client.request({ method, params } as never),
  }));
  return openAgreed(
    { stuckMs: Number.POSITIVE_INFINITY, lateMs: Number.POSITIVE_INFINITY },
    gatherEndpoints(endpoints, () => {}),
    () => {},
  );
}
