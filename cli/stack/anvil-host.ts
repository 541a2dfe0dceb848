// Runs the embedded L1 as a child that ends with us, however we end: anvil is no program of ours and cannot watch the supervisor.
// Takes anvil's own options; `--block-time` is kept by us (miner.ts). Over its channel: "hold" stops that until "resume", and is answered.
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bin } from "../paths.ts";
import { mineEvery } from "./miner.ts";

// anvil writes the state of every older block to disk and leaves it there: gigabytes in a day of short blocks. Here it is
// bounded, and goes with the process. 512 states are minutes of history; whoever follows L1 reads state near its head alone.
const states = mkdtempSync(join(tmpdir(), "anh-anvil-"));

const { values, tokens } = parseArgs({
  options: { "block-time": { type: "string" }, "prune-history": { type: "string" }, port: { type: "string" } },
  strict: false,
  tokens: true,
});
const { "block-time": blockSeconds, port } = values;
const timed = tokens.find((token) => token.kind === "option" && token.name === "block-time")?.index;
const given = process.argv.slice(2).filter((_, i) => timed === undefined || (i !== timed && i !== timed + 1));
if (blockSeconds !== undefined) given.push("--no-mining");
// All in memory is for who forks deep: anvil forgets the code of contracts with a fork to a state that it has on disk, and there are
// all but the last ten once it has mined a thousand blocks (anvil 1.7.1). It grows with what is stored: too much for a long-lived L1.
const kept = values["prune-history"] === undefined ? ["--max-persisted-states", "512"] : [];
const storage = ["--cache-path", states, ...kept];

// A kill leaves us no last word. So a shell starts anvil, and ends it when our end of the shell's stdin is closed, which the
// kernel sees to; whichever of them dies first, the others follow.
const script =
  'exec 3<&0; states=$1; shift; "$@" 3<&- </dev/null & anvil=$!; ' +
  '{ cat <&3; kill -9 $anvil; rm -rf -- "$states"; } >/dev/null 2>&1 & wait $anvil';
const anvil = spawn("sh", ["-c", script, "sh", states, bin("anvil"), ...storage, ...given], {
  // Its stderr goes through us: were it ours, the supervisor would wait for what anvil still might say when we are gone.
  stdio: ["pipe", "ignore", "pipe"],
});
anvil.stderr.pipe(process.stderr);
const end = () => anvil.stdin.end();
anvil.once("exit", end);
anvil.once("close", (code) => process.exit(code ?? 1));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);

if (blockSeconds !== undefined) {
  const miner = mineEvery(Number(blockSeconds) * 1000, Number(port));
  process.on("message", async (message) => {
    if (message === "hold") await miner.hold();
    else miner.resume();
    process.send?.(message);
  });
}
