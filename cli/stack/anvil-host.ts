// Runs the embedded L1 as a child that ends with us: anvil is no program of ours and cannot watch the supervisor.
import { spawn } from "node:child_process";
import { bin } from "../paths.ts";

const anvil = spawn(bin("anvil"), process.argv.slice(2), { stdio: ["ignore", "ignore", "inherit"] });
anvil.once("close", (code) => process.exit(code ?? 1));
process.once("exit", () => anvil.kill("SIGKILL"));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => anvil.kill(signal));
