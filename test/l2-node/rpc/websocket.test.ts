import { once } from "node:events";
import { connect } from "node:net";
import { keccak256, toHex } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import type { Message } from "../../../common/message.ts";
import { counterAddress, counterAlloc, increment } from "../../dapp/counter.ts";
import { testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";
import { FORCER, forcerCall, forcers } from "../execution/forcer.ts";
import { modelOf, testJob } from "../execution/rig.ts";
import { type Answer, type RpcRig, startRpcRig } from "./rig.ts";

type Notice = { method: string; params: { subscription: string; result: unknown } };
let rig: RpcRig;

beforeEach(async () => {
  rig = await startRpcRig({
    alloc: { ...counterAlloc, ...forcers },
    server: { maxSockets: 4, maxSubscriptions: 3, maxBufferedBytes: 300_000, maxBodyBytes: 100_000, maxBatch: 10 },
  });
});
afterEach(async () => {
  expect(rig.faults).toEqual([]);
  expect(await rig.get("eth_chainId")).toBe("0x102d");
  await rig.stop();
});

async function open(path = "") {
  const socket = new WebSocket(rig.url.replace("http", "ws") + path);
  const notices: Notice[] = [];
  const answers = new Map<unknown, (answer: Answer) => void>();
  const stray: Answer[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(data.toString()) as Answer & Notice;
    if (message.method) notices.push(message);
    else if (answers.has(message.id)) answers.get(message.id)!(message);
    else stray.push(message);
  });
  await once(socket, "open");
  let id = 0;
  const ask = (method: string, ...params: unknown[]) => {
    const mine = ++id;
    const answer = new Promise<Answer>((resolve) => answers.set(mine, resolve));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: mine, method, params }));
    return answer;
  };
  const get = async (method: string, ...params: unknown[]) => {
    const { result, error } = await ask(method, ...params);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as string;
  };
  /** What one subscription told, once it is `count` long. */
  const told = async <T>(subscription: string, count: number): Promise<T[]> => {
    const results = () => notices.filter(({ params }) => params.subscription === subscription);
    await until(() => results().length >= count || undefined);
    return results().map(({ params }) => params.result as T);
  };
  return { socket, notices, stray, ask, get, told };
}

describe("what comes over a socket that should not", () => {
  it("is answered as over HTTP: text that is no JSON, deep nesting, batches too long", async () => {
    const { socket, stray } = await open();
    for (const body of ["{", "nope", "[".repeat(90_000), `[${"1,".repeat(10_000)}1]`, "[]", "1"]) socket.send(body);
    await until(() => stray.length === 6 || undefined);
    expect(stray.map(({ error }) => error?.code).sort()).toEqual([-32600, -32600, -32600, -32600, -32700, -32700]);
  });

  it("ends the connection when a message is too large, and only that one", async () => {
    const [first, second] = [await open(), await open()];
    first.socket.send("1".repeat(100_001));
    const [code] = (await once(first.socket, "close")) as [number];
    expect(code).toBe(1009);
    expect(await second.get("eth_chainId")).toBe("0x102d");
  });

  it("ends the connection when it is no WebSocket frame", async () => {
    const { port } = new URL(rig.url);
    const raw = connect(Number(port), "127.0.0.1");
    raw.write(
      "GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    await once(raw, "data");
    raw.write(Buffer.alloc(1000, 0xff));
    raw.on("error", () => {});
    raw.resume();
    await once(raw, "close");
  });

  it("is refused before it is a socket: elsewhere than / and /ws, and beyond the number of sockets", async () => {
    const status = async (path: string) => {
      const socket = new WebSocket(rig.url.replace("http", "ws") + path);
      const [error] = (await once(socket, "error")) as [Error];
      return error.message;
    };
    expect(await status("/v1/blob")).toContain("404");
    const sockets = [await open(), await open("/ws"), await open("/"), await open("/?key=1")];
    expect(await status("/")).toContain("503");
    sockets[0]!.socket.close();
    await once(sockets[0]!.socket, "close");
    await until(() =>
      open().then(
        () => true,
        () => undefined,
      ),
    );
  });

  it("a flood of requests is answered to its end, in turns", async () => {
    const { socket, ask } = await open();
    const answers = Array.from({ length: 3000 }, () => ask("eth_chainId"));
    expect(await rig.get("eth_chainId")).toBe("0x102d");
    expect((await Promise.all(answers)).every(({ result }) => result === "0x102d")).toBe(true);
    socket.terminate();
  });

  it("a client that reads nothing loses its connection, not the node its memory", async () => {
    const { port } = new URL(rig.url);
    const { socket, get } = await open();
    await get("eth_subscribe", "newHeads");
    (socket as unknown as { _socket: { pause(): void } })._socket.pause();
    expect(port).toBeDefined();
    let lost = false;
    socket.on("close", () => {
      lost = true;
    });
    // Kernel buffers take some megabytes before the node's own limit is met.
    for (let i = 0; i < 12_000; i++) rig.chain.events.emit("block", rig.chain.head());
    (socket as unknown as { _socket: { resume(): void } })._socket.resume();
    await until(() => lost || undefined);
  });

  it("subscriptions beyond the limit, of unknown kinds, and over HTTP", async () => {
    const { ask, get } = await open();
    for (let i = 0; i < 3; i++) await get("eth_subscribe", "newHeads");
    expect((await ask("eth_subscribe", "newHeads")).error?.code).toBe(-32005);
    for (const params of [[], ["newBlocks"], ["logs", 1], ["logs", { topics: [1] }], ["newHeads", {}, {}]])
      expect((await ask("eth_subscribe", ...params)).error?.code).toBe(-32602);
    expect((await ask("anh_subscribe", "job")).error?.code).toBe(-32602);
    expect((await ask("eth_unsubscribe", "0x12")).result).toBe(false);
    expect((await rig.ask("eth_subscribe", "newHeads")).error).toMatchObject({
      code: -32601,
      message: expect.stringContaining("notifications not supported"),
    });
  });
});

describe("eth_subscribe", () => {
  it("newHeads tells each block's header, until it is unsubscribed", async () => {
    const { get, told, notices } = await open();
    const id = await get("eth_subscribe", "newHeads");
    const sealed = [rig.seal(), rig.seal()];
    const heads = await told<Record<string, string>>(id, 2);
    expect(heads.map(({ hash }) => hash)).toEqual(sealed.map(({ hash }) => hash));
    expect(heads[0]).toMatchObject({ number: "0x2", logsBloom: expect.any(String), baseFeePerGas: "0xf4240" });
    expect(Object.keys(heads[0]!)).not.toContain("transactions");
    expect(await get("eth_unsubscribe", id)).toBe(true);
    rig.seal();
    await get("eth_chainId");
    expect(notices.length).toBe(2);
  });

  it("belongs to its connection alone", async () => {
    const [first, second] = [await open(), await open()];
    const id = await first.get("eth_subscribe", "newHeads");
    expect((await second.ask("eth_unsubscribe", id)).result).toBe(false);
    rig.seal();
    await first.told(id, 1);
    expect(second.notices).toEqual([]);
  });

  it("newPendingTransactions tells hashes, or transactions", async () => {
    const { get, told } = await open();
    const [hashes, whole] = [
      await get("eth_subscribe", "newPendingTransactions"),
      await get("eth_subscribe", "newPendingTransactions", true),
    ];
    const hash = await rig.send({ to: testAddress(1) });
    expect(await told(hashes, 1)).toEqual([hash]);
    expect(await told(whole, 1)).toMatchObject([{ hash, from: testAddress(0), blockHash: null }]);
  });

  it("syncing tells that the node is not", async () => {
    const { get, told } = await open();
    expect(await told(await get("eth_subscribe", "syncing"), 1)).toEqual([false]);
  });

  it("logs tells matching logs of blocks that nobody asked to execute", async () => {
    const { get, told } = await open();
    const all = await get("eth_subscribe", "logs", {});
    const other = await get("eth_subscribe", "logs", { address: testAddress(3) });
    const one = await get("eth_subscribe", "logs", { topics: [null, `0x${"0".repeat(24)}${testAddress(0).slice(2)}`] });
    await rig.send({ to: counterAddress, data: increment(7n) });
    rig.seal();
    const logs = await told(all, 1);
    expect(logs).toMatchObject([{ address: counterAddress, removed: false, blockNumber: "0x2" }]);
    expect(await told(one, 1)).toEqual(logs);
    expect(await told(other, 0)).toEqual([]);
  });

  it("logs tells removed logs, and the new ones, when an overturned claim has its block derived anew", async () => {
    const job = testJob(FORCER);
    const model = modelOf(job);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
    rig.seal();
    const { get, told } = await open();
    const id = await get("eth_subscribe", "logs", { address: counterAddress });
    await rig.send({ to: counterAddress, data: increment(7n) });
    const claim: Message & { kind: 3 } = {
      kind: 3,
      id: model,
      claimHash: keccak256(model),
      claimant: testAddress(9),
      resultRoot: keccak256(toHex("result")),
      soft: true,
      consumed: [],
      output: "0x",
      failedSteps: 0,
    };
    rig.deliver(claim);
    const [first] = await told<object>(id, 1);
    rig.mine({ kind: 4, id: model, claimHash: claim.claimHash, lostSeconds: 0n });
    expect(await told(id, 3)).toEqual([first, { ...first, removed: true }, first]);
  });
});

describe("anh_subscribe", () => {
  it("job tells the record, and how it goes on", async () => {
    const job = testJob(FORCER);
    const { get, told } = await open();
    const id = await get("anh_subscribe", "job", modelOf(job));
    expect(await told(id, 1)).toEqual([null]);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
    rig.seal();
    expect((await told(id, 2))[1]).toMatchObject({ id: modelOf(job), status: "open" });
    rig.seal();
    expect((await told<object>(id, 2)).length).toBe(2);
  });

  it("disputes tells what L1 overturned, and anchors the batches", async () => {
    const { get, told } = await open();
    const [disputes, anchors] = [await get("anh_subscribe", "disputes"), await get("anh_subscribe", "anchors")];
    const claim = keccak256("0x01");
    rig.mine({ kind: 4, id: keccak256("0x02"), claimHash: claim, lostSeconds: 0n });
    expect(await told(disputes, 1)).toEqual([{ event: "overturned", claim }]);
    rig.l1.mine([], [{ blocks: [rig.store.blocks.block(1n)!] }]);
    rig.mine();
    expect(await told(anchors, 1)).toMatchObject([{ batch: "0x1", firstNumber: "0x1", lastNumber: "0x1" }]);
    expect(await get("anh_unsubscribe", anchors)).toBe(true);
  });
});

describe("a slow client", () => {
  it("that never ends its request is cut off", async () => {
    const impatient = await startRpcRig({ server: { requestTimeoutMs: 200 } });
    const { port } = new URL(impatient.url);
    const slow = connect(Number(port), "127.0.0.1");
    slow.on("error", () => {});
    slow.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    let reply = "";
    slow.on("data", (data) => {
      reply += data.toString();
    });
    await once(slow, "close");
    expect(reply).toContain("408");
    await impatient.stop();
  });

  it("that does not answer pings is gone", async () => {
    const impatient = await startRpcRig({ server: { pingMs: 50 } });
    const socket = new WebSocket(impatient.url.replace("http", "ws"), { autoPong: false });
    await once(socket, "open");
    await once(socket, "close");
    await impatient.stop();
  });

  it("that answers them stays", async () => {
    const patient = await startRpcRig({ server: { pingMs: 1000 } });
    const lively = new WebSocket(patient.url.replace("http", "ws"));
    await once(lively, "open");
    for (let i = 0; i < 3; i++) await once(lively, "ping");
    expect(lively.readyState).toBe(lively.OPEN);
    lively.terminate();
    await patient.stop();
  });
});
