// An L1 endpoint that is honest but for what a test has it say of one method.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

type Request = { readonly id: number; readonly method: string; readonly params: readonly never[] };
/** What it says in place of `result`. */
export type Lie = (result: never, params: readonly never[]) => unknown;

export type LyingL1 = {
  readonly url: string;
  /** From now on; undefined: it tells the truth again. */
  readonly lie: (method: string, lie: Lie | undefined) => void;
  /** Refuses it with these words from now on; undefined: no longer. */
  readonly refuse: (method: string, words: string | undefined) => void;
  /** Answers everything with this HTTP status; undefined: no longer. */
  readonly fail: (status: number | undefined) => void;
  /** How often it was asked since it began to fail. */
  readonly asked: () => number;
  /** Stands before another L1 from now on. */
  readonly turnTo: (url: string) => void;
  readonly stop: () => void;
};

export async function startLyingL1(first: string): Promise<LyingL1> {
  let url = first;
  const lies = new Map<string, Lie>();
  const refusals = new Map<string, string>();
  let status: number | undefined;
  let asked = 0;
  const one = async (request: Request): Promise<object> => {
    const { id, method } = request;
    const message = refusals.get(method);
    if (message !== undefined) return { jsonrpc: "2.0", id, error: { code: -32000, message } };
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(request),
      headers: { "content-type": "application/json" },
    });
    const answer = (await response.json()) as { result?: never };
    const lie = lies.get(method);
    return lie === undefined || answer.result === undefined
      ? answer
      : { ...answer, result: await lie(answer.result, request.params) };
  };
  const server = createServer(async (request, response) => {
    asked++;
    if (status !== undefined) return response.writeHead(status).end();
    const body = (await json(request)) as Request | Request[];
    const answer = await (Array.isArray(body) ? Promise.all(body.map(one)) : one(body)).catch(() => undefined);
    // What it stands before went with the test.
    if (answer === undefined) return response.destroy();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: (method, lie) => {
      if (lie === undefined) lies.delete(method);
      else lies.set(method, lie);
    },
    refuse: (method, words) => {
      if (words === undefined) refusals.delete(method);
      else refusals.set(method, words);
    },
    fail: (next) => {
      status = next;
      asked = 0;
    },
    asked: () => asked,
    turnTo: (other) => {
      url = other;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
