import { createPublicClient, http } from "viem";
import { expect, test } from "vitest";
import { DataUnavailableError } from "../../../verifier/data/client.ts";
import { openWatch } from "../../../verifier/dispute/watch.ts";

test("an event about a failed check is without the endpoint's credentials", async () => {
  const l1 = createPublicClient({ transport: http("http://127.0.0.1:1/v3/APIKEY", { retryCount: 0 }) });
  const graph = async () => {
    throw new DataUnavailableError("graph", "not served");
  };
  const events: object[] = [];
  const watch = openWatch({
    libraryFor: () => ({ graph }),
    published: () => l1.getBlockNumber(),
    events: (event: object) => void events.push(event),
    checkers: 1,
  } as never);
  const spec = { task: { id: "0x02", flags: 0, graph: { root: "0x03" } } };
  watch.look({ claimHash: "0x01", claim: { id: "0x02" } } as never, spec as never, { until: 9n, nowSeconds: 1n });
  await watch.idle();
  const error = "http://127.0.0.1:1/… does not answer";
  expect(events).toEqual([{ event: "check-failed", claimHash: "0x01", error }]);
});
