import type { Hex } from "viem";
import { z } from "zod";
import { AnhError } from "../../common/errors.ts";
import { RpcError } from "./errors.ts";
import { hash } from "./schemas.ts";

/** The sequencer's RPC does not answer, or not with JSON-RPC. */
export class ForwardError extends AnhError {}

const answer = z.union([
  z.object({ result: hash }),
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
]);

/** Sends transactions on to the sequencer's RPC; its refusals come back word for word. */
export const forwardTo =
  (url: string, timeoutMs: number) =>
  async (raw: Hex): Promise<Hex> => {
    const parsed = answer.safeParse(await post(url, timeoutMs, raw));
    if (!parsed.success)
      throw new ForwardError("forward", "the sequencer does not answer with JSON-RPC", { expected: url });
    if ("result" in parsed.data) return parsed.data.result;
    throw new RpcError("server", parsed.data.error.message);
  };

async function post(url: string, timeoutMs: number, raw: Hex): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_sendRawTransaction", params: [raw] }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return await response.json();
  } catch (cause) {
    throw new ForwardError("forward", "the sequencer cannot be reached; nothing was sent", {
      expected: url,
      cause,
      hint: "send it again later, or through L1",
    });
  }
}
