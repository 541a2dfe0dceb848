import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createPublicClient, http } from "viem";

export interface NodeProcess {
  readonly url: string;
  readonly events: Record<string, unknown>[];
  /** One JSON-RPC call; throws on errors. */
  call<T>(method: string, ...params: unknown[]): Promise<T>;
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/**
 * Starts `l2-node/main.ts`; resolves when it serves. Its exit code and stderr come with the error if it ends before.
 * `killAfterMs`: a `kill -9`, wherever it is by then.
 */
export async function startNodeProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  killAfterMs?: number,
): Promise<NodeProcess> {
  const script = new URL("../../l2-node/main.ts", import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const ended = once(child, "close");
  if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  let stderr = "";
  child.stderr?.on("data", (text) => {
    stderr += text;
  });
  const events: Record<string, unknown>[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event.event === "ready") resolve(event.url as string);
    });
    ended.then(([code]) => reject(new Error(`exit ${code}: ${stderr}`)));
  });
  const client = createPublicClient({ transport: http(url, { retryCount: 5 }) });
  return {
    url,
    events,
    call: (method, ...params) => client.request({ method, params } as never),
    end: async (signal) => {
      child.kill(signal);
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}
