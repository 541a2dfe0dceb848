import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createPublicClient, http } from "viem";
import { describe, expect, it } from "vitest";
import { AnhError } from "../../common/errors.ts";
import { shownUrl, troubleOf } from "../../common/trouble.ts";

const failing = (url: string): Promise<unknown> =>
  createPublicClient({ transport: http(url, { retryCount: 0, timeout: 200 }) })
    .getChainId()
    .catch((error) => error);

/** An endpoint that does this with every request. */
async function endpoint(answer: Parameters<typeof createServer>[1], use: (host: string) => Promise<void>) {
  const server = createServer(answer as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe("trouble with an endpoint", () => {
  it.each([
    ["http://127.0.0.1:8545", "http://127.0.0.1:8545"],
    ["http://127.0.0.1:8545/", "http://127.0.0.1:8545"],
    ["https://user:secret@l1.example/", "https://l1.example"],
    ["https://l1.example/v3/secret", "https://l1.example/…"],
    ["https://l1.example?key=secret", "https://l1.example/…"],
    ["here", "here"],
  ])("%s is shown without credentials", (url, shown) => expect(shownUrl(url)).toBe(shown));

  it("names the endpoint that nobody listens at", async () => {
    let port = "";
    await endpoint(undefined, async (host) => {
      port = host;
    });
    expect(troubleOf(await failing(`http://user:secret@${port}/v3/secret`))).toEqual({
      message: `http://${port}/… does not answer (ECONNREFUSED)`,
      code: "endpoint-unavailable",
      url: `http://${port}/…`,
    });
  });

  it("names the one that refuses, and the one that is slow", async () => {
    await endpoint(
      (_, response) => void response.writeHead(429).end("slow down"),
      async (host) => expect(troubleOf(await failing(`http://${host}`)).message).toMatch(/answers with status 429$/),
    );
    await endpoint(
      () => {},
      async (host) => expect(troubleOf(await failing(`http://${host}`)).message).toMatch(/takes too long to answer$/),
    );
  });

  it("leaves other errors what they are, with what the endpoint said", async () => {
    expect(troubleOf("odd")).toEqual({ message: "odd" });
    expect(troubleOf(new AnhError("c", "m", { hint: "h" }))).toEqual({ message: "m", code: "c", hint: "h" });
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, error: { code: -32602, message: "block 7 is gone" } });
    await endpoint(
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).end(body),
      async (host) => expect(troubleOf(await failing(`http://${host}`)).message).toMatch(/\(block 7 is gone\)$/),
    );
  });
});
