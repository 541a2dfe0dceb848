import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { AnhError } from "../common/errors.ts";
import { InterruptedError, runTool } from "./child.ts";
import { bin, ROOT } from "./paths.ts";
import { alone } from "./stack/alone.ts";
import { wait } from "./waiting.ts";

const STAMP = `${ROOT}.anh/contracts.sha256`;
const LOCK = `${ROOT}.anh/compiling`;

const contractFiles = (): string[] => globSync(["contracts/**/*.sol", "test/contracts/**/*.sol"], { cwd: ROOT }).sort();

/** Hash of everything the compiler reads: sources (tests of contracts too), settings and the locked compiler version. */
function sourceHash(): string {
  const hash = createHash("sha256");
  for (const file of [...contractFiles(), "hardhat.config.ts", "package-lock.json"])
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(ROOT + file))
      .update("\0");
  return hash.digest("hex");
}

/** Compiles the contracts unless the artifacts already belong to these sources; says on stderr what it waits for. */
export async function ensureContracts(): Promise<void> {
  const hash = sourceHash();
  if (isCompiled(hash)) return;
  await alone(
    LOCK,
    async () => {
      if (!isCompiled(hash)) await compile(hash);
    },
    () => process.stderr.write("anh: another command compiles the contracts: waiting for it\n"),
  );
}

const isCompiled = (hash: string): boolean =>
  existsSync(STAMP) && existsSync(`${ROOT}artifacts`) && readFileSync(STAMP, "utf8") === hash;

async function compile(hash: string): Promise<void> {
  const files = `${contractFiles().length} Solidity files`;
  process.stderr.write(`anh: compiling ${files}; one to two minutes on idle cores, and again only when they change\n`);
  const waiting = wait(`compiling ${files}`);
  const { code, output } = await runTool(bin("hardhat"), ["build"], { shown: () => {} })
    .catch((error) => {
      if (!(error instanceof InterruptedError)) throw error;
      throw new InterruptedError("compiling", "nothing is kept of it: the next run begins it anew");
    })
    .finally(waiting.stop);
  if (code !== 0)
    throw new AnhError("contracts-build", `hardhat build exited with ${code}`, {
      actual: output.trim(),
      hint: output.trim().slice(-2000),
    });
  process.stderr.write(`anh: compiled in ${waiting.seconds()} s\n`);
  mkdirSync(`${ROOT}.anh`, { recursive: true });
  writeFileSync(STAMP, hash);
}
