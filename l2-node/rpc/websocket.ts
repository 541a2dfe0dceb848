import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { type DispatchLimits, dispatch } from "./dispatch.ts";
import type { RpcContext } from "./method.ts";
import { openSession } from "./session.ts";

export interface WebSocketLimits {
  readonly maxSockets: number;
  readonly maxSubscriptions: number;
  /** Requests of one socket answered at once; more wait, and the socket is not read meanwhile. */
  readonly maxRunningPerSocket: number;
  /** Unread by the client: beyond it the connection ends, since what is told cannot wait for ever. */
  readonly maxBufferedBytes: number;
  /** A client that does not answer a ping until the next is gone. */
  readonly pingMs: number;
}

type Limits = WebSocketLimits & DispatchLimits & { readonly maxBodyBytes: number };

export interface WebSocketModules {
  readonly context: RpcContext;
  readonly onFault: (error: unknown) => void;
}

const PATHS = ["/", "/ws"];

/** JSON-RPC over WebSocket on an HTTP server's port, with subscriptions. */
export function serveWebSocket(server: Server, limits: Limits, modules: WebSocketModules): { close(): void } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxBodyBytes,
    perMessageDeflate: false,
    allowSynchronousEvents: false,
  });
  const answered = new WeakSet<WebSocket>();
  server.on("upgrade", (request, socket, head) => {
    const refuse = (status: string) => socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
    socket.on("error", () => socket.destroy());
    if (!PATHS.includes((request.url ?? "/").split("?")[0]!)) return refuse("404 Not Found");
    if (sockets.clients.size >= limits.maxSockets) return refuse("503 Service Unavailable");
    sockets.handleUpgrade(request, socket, head, (client) => {
      answered.add(client);
      client.on("pong", () => answered.add(client));
      serveClient(client, limits, modules);
    });
  });
  const pings = setInterval(() => {
    for (const client of sockets.clients) {
      if (answered.delete(client)) client.ping();
      else client.terminate();
    }
  }, limits.pingMs).unref();
  return {
    close() {
      clearInterval(pings);
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
}

function serveClient(client: WebSocket, limits: Limits, { context, onFault }: WebSocketModules): void {
  const send = (message: object): void => {
    if (client.readyState !== client.OPEN) return;
    if (client.bufferedAmount > limits.maxBufferedBytes) client.terminate();
    else client.send(JSON.stringify(message));
  };
  const session = openSession(limits, send);
  const waiting: string[] = [];
  let running = 0;

  const pump = (): void => {
    while (running < limits.maxRunningPerSocket && waiting.length > 0) void answerOne(waiting.shift()!);
    if (client.readyState !== client.OPEN) return;
    if (waiting.length > 0) client.pause();
    else if (client.isPaused) client.resume();
  };
  const answerOne = async (body: string): Promise<void> => {
    running++;
    const answer = await dispatch(body, { ...context, session }, limits, onFault);
    if (answer !== undefined) send(answer);
    running--;
    pump();
  };
  client.on("message", (data) => {
    waiting.push(data.toString());
    pump();
  });
  client.on("close", () => {
    waiting.length = 0;
    session.close();
  });
  // What ws says of a broken frame; the connection ends by itself.
  client.on("error", () => {});
}
