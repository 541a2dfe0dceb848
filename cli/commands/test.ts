import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureContracts } from "../build.ts";
import { EXIT } from "../exit.ts";
import { bin, ROOT } from "../paths.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Runs a program with its output shown as it comes; gives the exit code and the output. */
function show(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        process.stdout.write(chunk);
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? EXIT.failed, output }));
  });
}

/** A tool that only says yes or no counts as one test. */
async function verdict(name: string, args: readonly string[]): Promise<Count> {
  console.log(`\n— ${name}`);
  const { code } = await show(bin(name), args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function contractTests(): Promise<Count> {
  console.log("\n— hardhat test solidity");
  const { code, output } = await show(bin("hardhat"), ["test", "solidity"]);
  const passed = Number(/(\d+) passing/.exec(output)?.[1] ?? 0);
  const failed = Number(/(\d+) failing/.exec(output)?.[1] ?? 0);
  // A run that dies before it counts anything is a failure, not zero failures.
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

async function vitest(files: readonly string[], long: boolean): Promise<Count> {
  console.log("\n— vitest");
  const folder = mkdtempSync(join(tmpdir(), "anh-test-"));
  try {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { code } = await show(bin("vitest"), ["run", ...reporters, ...files], long ? { ANH_LONG: "1" } : {});
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests === 0 && code !== 0 ? 1 : numFailedTests };
  } catch (error) {
    console.error(`vitest left no report: ${error}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `anh test`: everything, or only vitest on the files named. The closing line is what CI reads. */
export async function test(files: readonly string[], options: { long: boolean }): Promise<void> {
  ensureContracts((text) => console.log(`— ${text}`));
  const counts: Count[] = [];
  if (files.length === 0) {
    counts.push(await verdict("tsc", ["-p", "."]));
    counts.push(await verdict("biome", ["check", "--error-on-warnings", "."]));
    counts.push(await contractTests());
  }
  counts.push(await vitest(files, options.long));
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? EXIT.ok : EXIT.failed;
}
