import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { snapshotTests, writeSnapshots } from "../bench/snapshot-tests.ts";
import { table } from "../demo/table.ts";
import { ROOT } from "../paths.ts";

const FOLDER = join(ROOT, "test/snapshots");

/** `anh gas-snapshot`: measures anew what git holds of gas and code sizes, and says what moved. */
export async function gasSnapshot(): Promise<void> {
  const before = readAll();
  await writeSnapshots(FOLDER, snapshotTests(), (text) => console.log(text));
  const after = readAll();
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const moved = names.filter((name) => before.get(name) !== after.get(name));
  const rows = moved.map((name) => [name, `${before.get(name) ?? "—"}`, `${after.get(name) ?? "—"}`]);
  console.log(moved.length === 0 ? "nothing moved" : table(["figure", "before", "now"], rows));
}

/** Every figure by `<snapshot>/<name>`. */
function readAll(): Map<string, number> {
  if (!existsSync(FOLDER)) return new Map();
  const files = globSync("*.json", { cwd: FOLDER });
  return new Map(
    files.flatMap((file) =>
      Object.entries(JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Record<string, number>).map(
        ([name, figure]) => [`${basename(file, ".json")}/${name}`, figure] as const,
      ),
    ),
  );
}
