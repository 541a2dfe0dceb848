import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import { AnhError } from "../../common/errors.ts";
import { type DispatchLimits, dispatch } from "./dispatch.ts";
import { errorBody, RPC_CODE, RpcError, type RpcErrorBody } from "./errors.ts";
import { type FilterOptions, openFilters } from "./filters.ts";
import { openGate } from "./gate.ts";
import type { RpcContext, RpcModules } from "./method.ts";
import { bodyOf, isPlainPost, sendJson } from "./plain-post.ts";
import { recordRederivations } from "./rederivations.ts";
import { serveWebSocket, type WebSocketLimits } from "./websocket.ts";

export interface RpcServerOptions extends Partial<RpcLimits> {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface RpcLimits extends DispatchLimits, FilterOptions, WebSocketLimits {
  readonly maxBodyBytes: number;
  /** HTTP and WebSocket together. */
  readonly maxConnections: number;
  /** For a request to come in whole. */
  readonly requestTimeoutMs: number;
}

const LIMITS: RpcLimits = {
  maxBodyBytes: 5 * 1024 * 1024,
  maxDepth: 64,
  maxBatch: 100,
  timeoutMs: 30_000,
  maxConnections: 2000,
  requestTimeoutMs: 30_000,
  idleMs: 5 * 60_000,
  maxFilters: 1000,
  maxChanges: 10_000,
  maxSockets: 500,
  maxSubscriptions: 64,
  maxRunningPerSocket: 8,
  maxBufferedBytes: 8 * 1024 * 1024,
  pingMs: 30_000,
};

export interface RpcServerModules {
  readonly context: RpcModules;
  /** Served beside the RPC, on paths of their own. */
  readonly routers: readonly Router[];
  /** Told of faults that a caller only sees as "internal error". */
  readonly onFault: (error: unknown) => void;
}

export interface RpcServer {
  readonly url: string;
  close(): Promise<void>;
}

/** JSON-RPC over HTTP (POST on /) and WebSocket, any origin, bounded in size, depth, batch length, time and connections. */
export async function startRpcServer(options: RpcServerOptions, modules: RpcServerModules): Promise<RpcServer> {
  const { routers, onFault } = modules;
  const limits = { ...LIMITS, ...options };
  const { execution } = modules.context;
  const context: RpcContext = {
    ...modules.context,
    rederivations: execution ? recordRederivations(execution) : [],
    gate: openGate({ maxRunning: 4, maxWaiting: 100, maxWaitMs: limits.timeoutMs }),
    filters: openFilters(limits),
  };
  const app = express();
  app.disable("x-powered-by");
  app.use(allowAnyOrigin);
  app.get("/healthz", (_request, response) => {
    response.json({ ok: true });
  });
  app.get("/readyz", (_request, response) => {
    const ready = context.chain.store.l1.cursor() !== undefined;
    response.status(ready ? 200 : 503).json({ ready });
  });
  const body = express.text({ type: () => true, limit: limits.maxBodyBytes });
  app.post("/", body, async (request, response) => {
    const text = typeof request.body === "string" ? request.body : "";
    const answer = await dispatch(text, context, limits, onFault);
    if (answer === undefined) response.status(204).end();
    else response.status(statusOf(answer)).json(answer);
  });
  for (const router of routers) app.use(router);
  app.use((_request, response) => {
    response.status(404).json({ code: "not-found", message: "nothing here: JSON-RPC takes POST /" });
  });
  app.use(answerError);

  // A client that sends slowly holds a socket, not more, and not for long.
  const { requestTimeoutMs: requestTimeout } = limits;
  const timeouts = { requestTimeout, headersTimeout: requestTimeout, connectionsCheckingInterval: requestTimeout / 2 };
  const answerPlain = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await bodyOf(request);
    if (text === undefined) return;
    const answer = await dispatch(text, context, limits, onFault);
    if (answer === undefined) response.writeHead(204, ANY_ORIGIN).end();
    else sendJson(response, statusOf(answer), ANY_ORIGIN, answer);
  };
  const server = createServer(timeouts, (request, response) => {
    if (isPlainPost(request, limits.maxBodyBytes)) answerPlain(request, response).catch(onFault);
    else app(request, response);
  });
  server.maxConnections = limits.maxConnections;
  const sockets = serveWebSocket(server, limits, { context, onFault });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        context.filters.close();
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: RpcServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException) => reject(cannotListen(host, port, cause));
    server.once("error", refused);
    server.listen(port, host, () => {
      server.off("error", refused);
      resolve();
    });
  });
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): AnhError {
  const details = { expected: "an address of this machine and a free port", actual: `${host}:${port}`, cause };
  if (cause.code === "EADDRINUSE")
    return new AnhError("port-taken", `port ${port} of ${host} is in use`, {
      ...details,
      hint: "stop what listens there, or choose another with --port (0 takes any free one)",
    });
  return new AnhError("settings", `JSON-RPC cannot listen on ${host}:${port} (${cause.code})`, {
    ...details,
    hint: "--host names an address of this machine, --port a port that this user may take",
  });
}

const statusOf = (answer: object): number =>
  "error" in answer && (answer.error as RpcErrorBody).code === RPC_CODE.parse ? 400 : 200;

const ANY_ORIGIN = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "content-type",
  "access-control-allow-methods": "GET, POST, PUT, OPTIONS",
} as const;

function allowAnyOrigin(request: Request, response: Response, next: NextFunction): void {
  for (const [name, value] of Object.entries(ANY_ORIGIN)) response.setHeader(name, value);
  if (request.method === "OPTIONS") response.status(204).end();
  else next();
}

function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) {
    next(error);
    return;
  }
  const status = typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 500;
  // What express says of a body it cannot read is about the caller's request, and for the caller's eyes.
  const known = status < 500 ? new RpcError("invalidRequest", (error as Error).message) : error;
  response.status(status).json({ jsonrpc: "2.0", id: null, error: errorBody(known) });
}
