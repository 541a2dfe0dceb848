import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ensureContracts } from "../build.ts";
import { type Ended, InterruptedError, runTool } from "../child.ts";
import { EXIT } from "../exit.ts";
import { bin } from "../paths.ts";
import { chooseTests } from "../test-files.ts";
import { wait } from "../waiting.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Runs a tool with its output shown as it comes, and a sign of life when it is silent for long. */
async function show(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  console.log(`\n— ${name}`);
  const waiting = wait(name);
  const shown = (chunk: Buffer) => {
    waiting.heard(chunk);
    process.stdout.write(chunk);
  };
  return runTool(bin(name.split(" ")[0] as string), [...name.split(" ").slice(1), ...args], { env, shown }).finally(
    waiting.stop,
  );
}

/** A tool that only says yes or no counts as one test. */
async function verdict(name: string, args: readonly string[]): Promise<Count> {
  const { code } = await show(name, args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const typesAndStyle = async (): Promise<readonly Count[]> => [
  await verdict("tsc", ["-p", "."]),
  await verdict("biome check", ["--error-on-warnings", "."]),
];

async function contractTests(files: readonly string[] = []): Promise<Count> {
  const { code, output } = await show("hardhat test solidity", files);
  const plain = stripVTControlCharacters(output);
  const passed = Number(/(\d+) passing/.exec(plain)?.[1] ?? 0);
  const failed = Number(/(\d+) failing/.exec(plain)?.[1] ?? 0);
  // A run that dies before it counts anything is a failure, not zero failures.
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

async function vitest(files: readonly string[], long: boolean): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), "anh-test-"));
  try {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { code } = await show("vitest run", [...reporters, ...files], long ? { ANH_LONG: "1" } : {});
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests === 0 && code !== 0 ? 1 : numFailedTests };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    console.error(`vitest left no report: ${error}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `anh test`: everything, or only the tests whose path holds one of `parts`. The closing line is what CI reads. */
export async function test(parts: readonly string[], options: { long: boolean }): Promise<void> {
  // Refused before anything is compiled.
  const chosen = parts.length === 0 ? undefined : chooseTests(parts);
  const counts: Count[] = [];
  if (chosen === undefined) {
    // What needs no contracts runs beside their compiler, which uses one core.
    const [verdicts] = await Promise.all([typesAndStyle(), ensureContracts()]);
    counts.push(...verdicts, await contractTests(), await vitest([], options.long));
  } else {
    await ensureContracts();
    if (chosen.contracts.length > 0) counts.push(await contractTests(chosen.contracts));
    if (chosen.scripts.length > 0) counts.push(await vitest(chosen.scripts, options.long));
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? EXIT.ok : EXIT.failed;
}
