import { globSync, readFileSync } from "node:fs";
import { AnhError } from "../../common/errors.ts";
import { ensureContracts } from "../build.ts";
import { runTool } from "../child.ts";
import { bin, ROOT } from "../paths.ts";
import { wait } from "../waiting.ts";

/** A test that measures failed for another reason than the figures it measures. */
export class SnapshotError extends AnhError {}

/** Tests that hold figures of this kind to git: `expectSnapshot("<kind>…", …)`. */
export const snapshotTests = (kind = ""): string[] =>
  globSync("test/**/*.test.ts", { cwd: ROOT })
    .filter((file) => readFileSync(ROOT + file, "utf8").includes(`expectSnapshot("${kind}`))
    .sort();

/** Runs them and has them write what they measure into `folder`. */
export async function writeSnapshots(folder: string, files: readonly string[], say: (text: string) => void) {
  await ensureContracts();
  say(`measuring in ${files.join(", ")}`);
  const waiting = wait("measuring");
  const { code, output } = await runTool(bin("vitest"), ["run", ...files], {
    env: { ANH_SNAPSHOT: "write", ANH_SNAPSHOT_FOLDER: folder },
    shown: () => {},
  }).finally(waiting.stop);
  if (code !== 0)
    throw new SnapshotError("snapshot", `the measuring tests failed (vitest exited with ${code})`, {
      expected: 0,
      actual: code,
      hint: output.trim().slice(-3000),
    });
}
