// Requests nobody would write, from a fixed seed: each has an answer in JSON-RPC, and none is a fault. `ANH_LONG=1`: 100,000.
import { afterAll, beforeAll, expect, it } from "vitest";
import { dispatch } from "../../../l2-node/rpc/dispatch.ts";
import { openFilters } from "../../../l2-node/rpc/filters.ts";
import { openGate } from "../../../l2-node/rpc/gate.ts";
import { methods } from "../../../l2-node/rpc/methods.ts";
import { counterAddress, counterAlloc, increment } from "../../dapp/counter.ts";
import { type Random, seededRandom } from "../../support/random.ts";
import { testAddress } from "../../support/transactions.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const COUNT = process.env.ANH_LONG === undefined ? 3000 : 100_000;
const LIMITS = { maxDepth: 64, maxBatch: 100, timeoutMs: 30_000 };
const names = Object.keys(methods);

let rig: RpcRig;
let hash: string;
beforeAll(async () => {
  rig = await startRpcRig({ alloc: counterAlloc });
  hash = await rig.send({ to: counterAddress, data: increment(1n) });
  rig.seal();
});
afterAll(() => rig.stop());

/** A value somebody could send: sometimes right, mostly not. */
function value(random: Random, depth = 0): unknown {
  const hex = (length: number) => `0x${Buffer.from(random.bytes(length)).toString("hex")}`;
  const makers: (() => unknown)[] = [
    () =>
      random.pick([null, true, false, "", "0x", "0x0", "0x01", "latest", "pending", "safe", "earliest", "callTracer"]),
    () => random.pick([0, 1, -1, 1.5, 2 ** 53, 1e308, "1e999", "-0x1", "0xg", "\u0000", "\ud800"]),
    () => random.pick([counterAddress, testAddress(0), testAddress(9), hash, "0x1", "0x2", "0xffffffffffffffff"]),
    () => hex(random.pick([0, 1, 4, 8, 19, 20, 21, 31, 32, 33, 300])),
    () => `0x${random.below(2 ** 31).toString(16)}`,
  ];
  if (depth > 3) return random.pick(makers)();
  const fields = ["to", "from", "data", "input", "gas", "value", "nonce", "address", "topics", "fromBlock", "toBlock"];
  const more = [
    "blockHash",
    "tracer",
    "tracerConfig",
    "diffMode",
    "withLog",
    "blockStateCalls",
    "calls",
    "stateOverrides",
  ];
  const rest = [
    "balance",
    "code",
    "state",
    "stateDiff",
    "id",
    "status",
    "limit",
    "validation",
    "number",
    "__proto__",
    "x",
  ];
  makers.push(
    () => Array.from({ length: random.below(4) }, () => value(random, depth + 1)),
    () =>
      Object.fromEntries(
        Array.from({ length: random.below(5) }, () => [
          random.pick([...fields, ...more, ...rest, counterAddress]),
          value(random, depth + 1),
        ]),
      ),
  );
  return random.pick(makers)();
}

/** A request, at times bent as text. */
function body(random: Random): string {
  const method = random.below(20) === 0 ? value(random) : random.pick(names);
  const params = random.below(20) === 0 ? value(random) : Array.from({ length: random.below(5) }, () => value(random));
  const text = JSON.stringify({ jsonrpc: "2.0", id: value(random, 4), method, params });
  if (random.below(10) > 0) return text;
  const [from, length] = [random.below(text.length), random.below(10)];
  return text.slice(0, from) + random.pick(["", "{", "]", '"', ",", "\\", "0"]) + text.slice(from + length);
}

it(`${COUNT} malformed requests have an answer each, and none is a fault`, async () => {
  const random = seededRandom(20);
  const faults: unknown[] = [];
  const filters = openFilters({ idleMs: 60_000, maxFilters: 1000, maxChanges: 100 });
  const context = {
    ...rig,
    clientVersion: "anh/test",
    limits: { maxLogBlocks: 10n, maxLogs: 20 },
    rederivations: [],
    gate: openGate({ maxRunning: 4, maxWaiting: 100, maxWaitMs: 30_000 }),
    filters,
  };
  const codes = new Map<number | undefined, number>();
  for (let i = 0; i < COUNT; i++) {
    const request = body(random);
    const answer = await dispatch(request, context, LIMITS, (error) => faults.push({ request, error }));
    const [first] = [answer].flat();
    if (first === undefined) continue; // a notification
    const text = JSON.parse(JSON.stringify(first)) as { error?: { code: number; message: string }; result?: unknown };
    expect("result" in text !== "error" in text, request).toBe(true);
    if (text.error) expect(text.error.message.length, request).toBeLessThan(2000);
    codes.set(text.error?.code, (codes.get(text.error?.code) ?? 0) + 1);
    if (i % 500 === 0) await new Promise(setImmediate);
  }
  filters.close();
  expect(faults).toEqual([]);
  expect(codes.get(-32603)).toBeUndefined();
  // It reaches everything: answers, wrong parameters, bad JSON, refusals.
  for (const code of [undefined, -32602, -32700, -32600, -32000, -32004]) expect(codes.get(code)).toBeGreaterThan(0);
  expect(await rig.get("eth_chainId")).toBe("0x102d");
}, 900_000);
