import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { AnhError } from "../common/errors.ts";
import { bin, ROOT } from "./paths.ts";

const STAMP = `${ROOT}.anh/contracts.sha256`;

/** Hash of everything the compiler reads: sources, settings and the locked compiler version. */
function sourceHash(): string {
  const hash = createHash("sha256");
  const files = globSync("contracts/**/*.sol", { cwd: ROOT }).sort();
  for (const file of [...files, "hardhat.config.ts", "package-lock.json"])
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(ROOT + file))
      .update("\0");
  return hash.digest("hex");
}

/** Compiles the contracts unless the artifacts already belong to these sources. */
export function ensureContracts(say: (text: string) => void): void {
  const hash = sourceHash();
  if (existsSync(STAMP) && existsSync(`${ROOT}artifacts`) && readFileSync(STAMP, "utf8") === hash) return;
  say("compiling contracts (once per change of theirs; two to four minutes)");
  const { status, stdout, stderr } = spawnSync(bin("hardhat"), ["build"], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0)
    throw new AnhError("contracts-build", `hardhat build exited with ${status}`, {
      actual: `${stdout}\n${stderr}`.trim(),
      hint: `${stdout}\n${stderr}`.trim().slice(-2000),
    });
  mkdirSync(`${ROOT}.anh`, { recursive: true });
  writeFileSync(STAMP, hash);
}
