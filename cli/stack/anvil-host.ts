// Runs the embedded L1 as a child that ends with us, however we end: anvil is no program of ours and cannot watch the supervisor.
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin } from "../paths.ts";

// anvil writes the state of every older block to disk and leaves it there: gigabytes in a day of short blocks. Here it is
// bounded, and goes with the process. 512 states are minutes of history; whoever follows L1 reads state near its head alone.
const states = mkdtempSync(join(tmpdir(), "anh-anvil-"));
const storage = ["--cache-path", states, "--max-persisted-states", "512"];

// A kill leaves us no last word. So a shell starts anvil, and ends it when our end of the shell's stdin is closed, which the
// kernel sees to; whichever of them dies first, the others follow.
const script =
  'exec 3<&0; states=$1; shift; "$@" 3<&- </dev/null & anvil=$!; ' +
  '{ cat <&3; kill -9 $anvil; rm -rf -- "$states"; } >/dev/null 2>&1 & wait $anvil';
const anvil = spawn("sh", ["-c", script, "sh", states, bin("anvil"), ...storage, ...process.argv.slice(2)], {
  // Its stderr goes through us: were it ours, the supervisor would wait for what anvil still might say when we are gone.
  stdio: ["pipe", "ignore", "pipe"],
});
anvil.stderr.pipe(process.stderr);
const end = () => anvil.stdin.end();
anvil.once("exit", end);
anvil.once("close", (code) => process.exit(code ?? 1));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
