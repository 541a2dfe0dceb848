// A node whose JSON-RPC is real; only L1 is the test's.
import type { Router } from "express";
import type { RpcContext } from "../../../l2-node/rpc/method.ts";
import { type RpcServerOptions, startRpcServer } from "../../../l2-node/rpc/server.ts";
import { ethDeposit, gasDeposit, makeRig, type RigOptions } from "../execution/rig.ts";

export interface RpcRigOptions extends RigOptions {
  readonly server?: Partial<RpcServerOptions>;
  readonly context?: Partial<RpcContext>;
  /** Beside JSON-RPC. */
  readonly routers?: readonly Router[];
  /** Seals what arrives as a running sequencer does; otherwise only the test seals. */
  readonly sealing?: boolean;
}

export interface Answer {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Key 0 has prepaid gas and a balance of one ether each. */
export async function startRpcRig({
  server = {},
  context = {},
  routers = [],
  sealing = false,
  ...options
}: RpcRigOptions = {}) {
  const rig = makeRig(options);
  rig.deliver(gasDeposit(0), ethDeposit(0));
  if (sealing)
    rig.sequencer.start((error) => {
      throw error;
    });
  const faults: unknown[] = [];
  const { chain, mempool, execution } = rig;
  const running = await startRpcServer(
    { host: "127.0.0.1", port: 0, ...server },
    {
      context: {
        chain,
        mempool,
        execution,
        clientVersion: "anh/test",
        limits: { maxLogBlocks: 10n, maxLogs: 20 },
        ...context,
      },
      routers,
      onFault: (error) => faults.push(error),
    },
  );
  const { url } = running;

  const post = (body: string): Promise<Response> =>
    fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const ask = async (method: string, ...params: unknown[]): Promise<Answer> => {
    const response = await post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
    return (await response.json()) as Answer;
  };
  /** The result; an error fails the test. */
  const get = async <T = string>(method: string, ...params: unknown[]): Promise<T> => {
    const { result, error } = await ask(method, ...params);
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result as T;
  };
  const stop = async (): Promise<void> => {
    rig.sequencer.stop();
    await running.close();
    await execution.close();
    rig.store.close();
  };
  return { ...rig, url, faults, post, ask, get, stop };
}

export type RpcRig = Awaited<ReturnType<typeof startRpcRig>>;
