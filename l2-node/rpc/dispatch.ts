import { errorBody, RPC_CODE, RpcError, type RpcErrorBody } from "./errors.ts";
import type { RpcContext } from "./method.ts";
import { methods } from "./methods.ts";

export interface DispatchLimits {
  /** Brackets within brackets, anywhere in the body. */
  readonly maxDepth: number;
  readonly maxBatch: number;
  /** Longest wait for an answer, to a batch as to a single request. */
  readonly timeoutMs: number;
}

type Id = string | number | null;
type Answer = { readonly jsonrpc: "2.0"; readonly id: Id } & (
  | { readonly result: unknown }
  | { readonly error: RpcErrorBody }
);

/** Answers a request body, single or batch; undefined where only notifications came. Never throws. */
export async function dispatch(
  body: string,
  context: RpcContext,
  limits: DispatchLimits,
  onFault: (error: unknown) => void,
): Promise<Answer | readonly Answer[] | undefined> {
  let request: unknown;
  try {
    request = parse(body, limits);
  } catch (error) {
    return { jsonrpc: "2.0", id: null, error: errorBody(error) };
  }
  const deadlineMs = performance.now() + limits.timeoutMs;
  if (!Array.isArray(request)) return answer(request, context, deadlineMs, onFault);
  if (request.length === 0 || request.length > limits.maxBatch) {
    const error = new RpcError(
      "invalidRequest",
      `a batch holds 1 to ${limits.maxBatch} requests, not ${request.length}`,
    );
    return { jsonrpc: "2.0", id: null, error: errorBody(error) };
  }
  const answers: Answer[] = [];
  // One after the other: a batch must not be a way to run a thousand calls at once.
  for (const item of request) {
    const one = await answer(item, context, deadlineMs, onFault);
    if (one) answers.push(one);
  }
  return answers.length === 0 ? undefined : answers;
}

function parse(body: string, { maxDepth }: DispatchLimits): unknown {
  if (depthOf(body) > maxDepth) throw new RpcError("invalidRequest", `JSON nested deeper than ${maxDepth}`);
  try {
    return JSON.parse(body);
  } catch {
    throw new RpcError("parse", "parse error: the body is not JSON");
  }
}

/** Deepest nesting of brackets outside strings. */
function depthOf(body: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let i = 0; i < body.length; i++) {
    const char = body[i];
    if (inString) {
      if (char === "\\") i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth);
    else if (char === "]" || char === "}") depth--;
  }
  return deepest;
}

async function answer(
  request: unknown,
  context: RpcContext,
  deadlineMs: number,
  onFault: (error: unknown) => void,
): Promise<Answer | undefined> {
  const id = idOf(request);
  try {
    const result = (await before(deadlineMs, () => call(request, context))) ?? null;
    return id === undefined ? undefined : { jsonrpc: "2.0", id, result };
  } catch (error) {
    const body = errorBody(error);
    if (body.code === RPC_CODE.internal && !(error instanceof RpcError)) onFault(error);
    return id === undefined && isRequest(request) ? undefined : { jsonrpc: "2.0", id: id ?? null, error: body };
  }
}

/** Gives up waiting at the deadline. What was begun goes on, and serves whoever asks next; nothing is begun after it. */
async function before<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
  const timeout = () => new RpcError("limitExceeded", "request timed out; ask again, what was executed is kept");
  const leftMs = deadlineMs - performance.now();
  if (leftMs <= 0) throw timeout();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = // A timer may fire up to a millisecond early.
      timer = setTimeout(() => reject(timeout()), Math.ceil(leftMs) + 1);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Request {
  readonly method: string;
  readonly params?: unknown;
}

const isRequest = (request: unknown): request is Request =>
  typeof request === "object" && request !== null && "method" in request && typeof request.method === "string";

/** undefined for notifications. */
function idOf(request: unknown): Id | undefined {
  if (typeof request !== "object" || request === null || !("id" in request)) return undefined;
  const { id } = request;
  return typeof id === "string" || typeof id === "number" ? id : null;
}

async function call(request: unknown, context: RpcContext): Promise<unknown> {
  if (!isRequest(request))
    throw new RpcError("invalidRequest", "invalid request: expected {jsonrpc, id, method, params}");
  const { method } = request;
  const params = request.params ?? [];
  if (!Array.isArray(params)) throw new RpcError("invalidParams", "invalid params: expected a list");
  const handle = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!handle)
    throw new RpcError("methodNotFound", `the method ${method.slice(0, 80)} does not exist/is not available`);
  return handle(context, params);
}
