import { spawn } from "node:child_process";
import { once } from "node:events";
import { EXIT } from "../exit.ts";
import { ROOT } from "../paths.ts";

/** `anh node run`: a node with these flags, as a process of its own, until it ends or is told to. */
export async function runNode(args: readonly string[]): Promise<void> {
  const node = spawn(process.execPath, [`${ROOT}l2-node/main.ts`, ...args], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => node.kill(signal));
  const [code] = (await once(node, "close")) as [number | null];
  process.exitCode = code ?? EXIT.failed;
}
