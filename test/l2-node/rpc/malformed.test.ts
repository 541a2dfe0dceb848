import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { methods } from "../../../l2-node/rpc/methods.ts";
import { refusedMethods } from "../../../l2-node/rpc/refused.ts";
import { type Answer, type RpcRig, startRpcRig } from "./rig.ts";

const LIMITS = { maxBodyBytes: 100_000, maxDepth: 20, maxBatch: 10 };
let rig: RpcRig;
const codeOf = async (response: Response): Promise<number | undefined> =>
  ((await response.json()) as Answer).error?.code;
const send = (value: unknown): Promise<Response> => rig.post(JSON.stringify(value));
const valid = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };

beforeAll(async () => {
  rig = await startRpcRig({ server: LIMITS });
});
afterAll(async () => {
  // Whatever was sent, the server never met a case it had not thought of, and still answers.
  expect(rig.faults).toEqual([]);
  expect(await rig.get("eth_chainId")).toBe("0x102d");
  await rig.stop();
});

describe("what is no request", () => {
  it.each(["", "{", "nope", '{"id":1', "[1,2", "\u0000", '{"a":1}}', "NaN", "'eth_chainId'"])(
    "is a parse error with status 400: %j",
    async (body) => {
      const response = await rig.post(body);
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe(-32700);
    },
  );

  it.each([1, "eth_chainId", null, true, {}, { id: 1 }, { method: 1 }, { method: ["eth_chainId"] }, []])(
    "is an invalid request with status 200: %j",
    async (body) => {
      const response = await send(body);
      expect(response.status).toBe(200);
      expect(await codeOf(response)).toBe(-32600);
    },
  );

  it("is refused for nesting at the limit's successor, not at the limit", async () => {
    const nested = (depth: number) => `{"id":1,"method":"eth_call","params":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(await codeOf(await rig.post(nested(LIMITS.maxDepth - 1)))).toBe(-32602);
    expect(await codeOf(await rig.post(nested(LIMITS.maxDepth)))).toBe(-32600);
    expect(await codeOf(await rig.post("[".repeat(90_000)))).toBe(-32600);
  });

  it("is not fooled by brackets within strings", async () => {
    const text = `${'[{\\"'.repeat(50)}`;
    expect(await codeOf(await rig.post(`{"id":1,"method":"${text}"}`))).toBe(-32601);
  });

  it("is refused for its size, before it is read", async () => {
    const response = await rig.post(" ".repeat(LIMITS.maxBodyBytes + 1));
    expect(response.status).toBe(413);
    expect(await codeOf(response)).toBe(-32600);
  });
});

describe("a body", () => {
  const text = JSON.stringify({ ...valid, id: "é" });
  const answered = { jsonrpc: "2.0", id: "é", result: "0x102d" };

  it.each([
    ["as it is", {}, Buffer.from(text)],
    ["of a named charset", { "content-type": "application/json; charset=utf-8" }, Buffer.from(text)],
    ["of another charset", { "content-type": "application/json; charset=utf-16le" }, Buffer.from(text, "utf16le")],
    ["packed", { "content-encoding": "gzip" }, gzipSync(text)],
    ["of a length that nobody tells", { "transfer-encoding": "chunked" }, Buffer.from(text)],
  ])("is understood %s", async (_, headers, body) => {
    const { status, headers: told, text: answer } = await rawPost(headers, body);
    expect([status, JSON.parse(answer)]).toEqual([200, answered]);
    expect(told["content-type"]).toBe("application/json; charset=utf-8");
    expect(told["access-control-allow-origin"]).toBe("*");
  });

  it("that stops half way costs nobody anything", async () => {
    const { hostname, port } = new URL(rig.url);
    const half = request({ hostname, port, method: "POST", headers: { "content-length": 1000 } });
    half.on("error", () => {});
    half.write(text);
    await new Promise((resolve) => setTimeout(resolve, 50));
    half.destroy();
    expect(await rig.get("eth_chainId")).toBe("0x102d");
  });

  const rawPost = (headers: OutgoingHttpHeaders, body: Uint8Array) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
      const { hostname, port } = new URL(rig.url);
      const length = "transfer-encoding" in headers ? {} : { "content-length": body.length };
      const asking = request({ hostname, port, method: "POST", headers: { ...length, ...headers } }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode as number,
            headers: response.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
      });
      asking.on("error", reject);
      asking.end(body);
    });
});

describe("batches", () => {
  it("are answered in order, each by itself, notifications not at all", async () => {
    const batch = [valid, { ...valid, id: "two", method: "no_such" }, { method: "eth_chainId" }, 7];
    const answers = (await (await send(batch)).json()) as Answer[];
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      [1, undefined],
      ["two", -32601],
      [null, -32600],
    ]);
  });

  it("are refused beyond their limit, as a whole", async () => {
    const many = (count: number) => send(Array.from({ length: count }, () => valid));
    expect(((await (await many(LIMITS.maxBatch)).json()) as Answer[]).length).toBe(LIMITS.maxBatch);
    expect(await codeOf(await many(LIMITS.maxBatch + 1))).toBe(-32600);
    expect(await codeOf(await rig.post(`[${"1,".repeat(10_000)}1]`))).toBe(-32600);
  });

  it("of notifications alone have no answer", async () => {
    const response = await send([{ method: "eth_chainId" }]);
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });
});

describe("methods", () => {
  it.each(["no_such", "", "constructor", "__proto__", "toString", "eth_signTransaction", "x".repeat(5000)])(
    "that do not exist answer -32601: %.20s",
    async (name) => {
      const { error } = await rig.ask(name);
      expect(error?.code).toBe(-32601);
      expect(error?.message.length).toBeLessThan(200);
      // ethers falls back from filters to polling on these words.
      expect(error?.message).toMatch(/the method .* does not exist/);
    },
  );

  it("that cannot be served are refused by name", async () => {
    expect((await rig.ask("eth_getProof", rig.file.sequencer, [], "latest")).error?.code).toBe(-32004);
  });

  it.each(Object.keys(methods).filter((name) => !(name in refusedMethods)))(
    "%s takes hostile parameters as invalid, or as none",
    async (name) => {
      const hostile: unknown[] = [
        [{}],
        [[]],
        [-1],
        [1.5],
        ["0x"],
        ["0xzz"],
        ["latest".repeat(100)],
        [`0x${"f".repeat(65)}`],
        [true, true, true, true],
        [{ to: 1 }],
        [{ __proto__: null, toString: 1 }],
        ["0x1", "0x1", "0x1", "0x1", "0x1"],
        [`0x${"11".repeat(20)}`, { blockHash: 1 }],
        [`0x${"f".repeat(60_000)}`, `0x${"f".repeat(30_000)}`],
        [{ data: `0x${"f".repeat(80_000)}`, topics: [`0x${"f".repeat(1000)}`] }],
        [Array(5000).fill("0x1")],
      ];
      for (const params of hostile) {
        const { error } = await rig.ask(name, ...(params as unknown[]));
        expect([undefined, -32602, -32601, -32004, -32000]).toContain(error?.code);
      }
      expect((await (await send({ ...valid, method: name, params: { a: 1 } })).json()) as Answer).toMatchObject({
        error: { code: -32602 },
      });
    },
  );

  it.each([
    ["eth_getBalance", []],
    ["eth_getBalance", ["0x12"]],
    ["eth_getBalance", [`0x${"11".repeat(20)}`, "0x01"]],
    ["eth_getBalance", [`0x${"11".repeat(20)}`, "newest"]],
    ["eth_getStorageAt", [`0x${"11".repeat(20)}`, `0x${"0".repeat(65)}`, "latest"]],
    ["eth_getBlockByNumber", [1, false]],
    ["eth_getBlockByNumber", ["latest", "yes"]],
    ["eth_getBlockByHash", ["0x1234", false]],
    ["eth_call", [{ to: `0x${"11".repeat(20)}`, data: "0x123" }]],
    ["eth_call", [{ to: `0x${"11".repeat(20)}`, data: "0x12", input: "0x13" }]],
    ["eth_call", [{ gasPrice: "0x1", maxFeePerGas: "0x1" }]],
    ["eth_call", [{}, "latest", { [`0x${"11".repeat(20)}`]: { state: 1 } }]],
    ["eth_feeHistory", ["0x1", "latest", [101]]],
    ["eth_feeHistory", ["0x1", "latest", [50, 10]]],
    ["eth_sendRawTransaction", ["02f8"]],
    ["eth_getLogs", [{ topics: [[], [], [], [], []] }]],
    ["eth_getLogs", [{ fromBlock: "0x2", toBlock: "0x1" }]],
    ["eth_getLogs", [{ fromBlock: "0x0", toBlock: "0xffffff" }]],
    ["eth_getLogs", [{ blockHash: `0x${"11".repeat(32)}`, fromBlock: "0x0" }]],
  ])("%s %j is -32602", async (name, params) => {
    expect((await rig.ask(name, ...params)).error?.code).toBe(-32602);
  });

  it.each([
    ["eth_getBalance", [], "missing value for required argument 0"],
    ["eth_getBalance", ["0x12"], "argument 0: expected an address, 20 bytes in hex"],
    ["eth_getBalance", [7], "argument 0: expected a string"],
    ["eth_chainId", [1], "too many arguments, want at most 0"],
    ["eth_getBlockByHash", [`0x${"11".repeat(32)}`, "yes"], "argument 1: expected a boolean"],
    ["eth_call", [{ to: 1 }], "argument 0.to: expected a string"],
    ["anh_getWithdrawalStatus", [0], "argument 0: expected a hex quantity, e.g. 0x10"],
    ["eth_call", [{}, "latest", { [`0x${"11".repeat(20)}`]: { odd: 1 } }], "unknown field odd"],
    ["eth_call", [{}, "latest", { nobody: {} }], "expected an address, 20 bytes in hex"],
    ["anh_getUncertainty", [], "expected [transaction] or [address, slot?]"],
  ])("%s %j is explained in words", async (name, params, words) => {
    const { error } = await rig.ask(name, ...params);
    expect(error?.message).toContain(words);
    expect(error?.message).not.toMatch(/Invalid|Too (small|big)|array/);
  });
});

describe("HTTP", () => {
  it("lets pages of any origin ask", async () => {
    const preflight = await fetch(rig.url, { method: "OPTIONS", headers: { origin: "http://dapp.test" } });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect((await send(valid)).headers.get("access-control-allow-origin")).toBe("*");
  });

  it("answers health checks, and 404 elsewhere", async () => {
    expect((await fetch(`${rig.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${rig.url}/no/such`)).status).toBe(404);
    expect((await fetch(rig.url)).status).toBe(404);
  });

  it("survives a client that goes away in the middle of its request", async () => {
    await new Promise<void>((resolve) => {
      const half = request(rig.url, { method: "POST", headers: { "content-length": "1000" } });
      half.on("error", () => resolve());
      half.write('{"jsonrpc":', () => half.destroy(new Error("gone")));
    });
  });

  it("takes any content type, and unknown encodings as an error", async () => {
    const plain = await fetch(rig.url, { method: "POST", body: JSON.stringify(valid) });
    expect(((await plain.json()) as Answer).result).toBe("0x102d");
    const odd = await fetch(rig.url, { method: "POST", headers: { "content-encoding": "x-odd" }, body: "{}" });
    expect([odd.status, await codeOf(odd)]).toEqual([415, -32600]);
  });
});

describe("time", () => {
  it("is limited per request, and per batch as a whole", async () => {
    const slow = await startRpcRig({ server: { timeoutMs: 30 } });
    slow.execution.executeTo = () => new Promise(() => {});
    const { error } = await slow.ask("eth_getBalance", slow.file.sequencer);
    expect(error?.code).toBe(-32005);
    const batch = ["eth_getBalance", "eth_chainId"].map((method) => ({
      id: 1,
      method,
      params: method === "eth_chainId" ? [] : [slow.file.sequencer],
    }));
    const answers = (await (await slow.post(JSON.stringify(batch))).json()) as Answer[];
    expect(answers.map((answer) => answer.error?.code)).toEqual([-32005, -32005]);
    expect(await slow.get("eth_chainId")).toBe("0x102d");
    await slow.stop();
  });
});
