import { spawn } from "node:child_process";
import { AnhError } from "../common/errors.ts";
import { ROOT } from "./paths.ts";
import { colourEnvironment } from "./terminal.ts";

/** Somebody asked us to stop (Ctrl-C, or a supervisor's SIGTERM). */
export class InterruptedError extends AnhError {
  constructor(what: string, hint?: string) {
    super("interrupted", `${what} was interrupted`, hint === undefined ? {} : { hint });
  }
}

export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a tool to its end, its output passed on as it comes. A signal to us ends the tool too, then throws. */
export function runTool(
  program: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly shown: (chunk: Buffer) => void },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...colourEnvironment(process.stdout), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        options.shown(chunk);
      });
    let interrupted = false;
    const interrupt = (signal: NodeJS.Signals) => {
      interrupted = true;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.on(signal, interrupt);
    const settle = (end: () => void) => {
      for (const signal of signals) process.off(signal, interrupt);
      end();
    };
    child.once("error", (error) => settle(() => reject(error)));
    child.once("close", (code) =>
      settle(() =>
        interrupted
          ? reject(new InterruptedError([program.split("/").at(-1), ...args].slice(0, 2).join(" ")))
          : resolve({ code: code ?? 1, output }),
      ),
    );
  });
}
