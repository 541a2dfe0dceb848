// Runs the embedded L1 as a child that ends with us: anvil is no program of ours and cannot watch the supervisor.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin } from "../paths.ts";

// anvil writes the state of every older block to disk and leaves it there: gigabytes in a day of short blocks. Here it is
// bounded, and goes with the process. 512 states are minutes of history; whoever follows L1 reads state near its head alone.
const states = mkdtempSync(join(tmpdir(), "anh-anvil-"));
const storage = ["--cache-path", states, "--max-persisted-states", "512"];

const anvil = spawn(bin("anvil"), [...storage, ...process.argv.slice(2)], { stdio: ["ignore", "ignore", "inherit"] });
anvil.once("close", (code) => process.exit(code ?? 1));
process.once("exit", () => {
  anvil.kill("SIGKILL");
  rmSync(states, { recursive: true, force: true });
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => anvil.kill(signal));
