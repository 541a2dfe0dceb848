import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { ROOT } from "../../cli/paths.ts";

const dataDir = mkdtempSync(join(tmpdir(), "anh-spirals-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

function node(
  ...args: readonly string[]
): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] }) as never;
}

async function run(...args: readonly string[]) {
  const child = node(...args);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

test("where no node answers, the example says so and what to do", async () => {
  const { code, stderr } = await run("examples/two-spirals.ts", "http://127.0.0.1:1");
  expect(code).toBe(1);
  expect(stderr).toContain("nothing answers at http://127.0.0.1:1");
  expect(stderr).toContain("./anh dev");
});

test("against `anh dev` the example trains its network and gets the right answer; Ctrl-C ends the stack cleanly", async () => {
  const ports = ["--l1-port", "0", "--l2-port", "0"];
  const dev = node("cli/main.ts", "dev", "--json", ...ports, "--data-dir", dataDir);
  const stderr = text(dev.stderr);
  const ended = once(dev, "close");
  try {
    const [line] = await Promise.race([once(createInterface({ input: dev.stdout }), "line"), ended.then(() => [""])]);
    const ready = JSON.parse(line);
    expect(ready.event).toBe("ready");
    const { code, stdout } = await run("examples/two-spirals.ts", ready.l2.url);
    expect(stdout).toContain("the point is on spiral 0; the network says 0");
    const [, right, all] = /told right: (\d+) of (\d+)/.exec(stdout) ?? [];
    expect(Number(all)).toBe(512);
    expect(Number(right)).toBeGreaterThan(500);
    expect(code).toBe(0);
  } finally {
    dev.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
  expect((await stderr).trim().split("\n").at(-1)).toBe(`anh: stopped; data and logs stay in ${dataDir}`);
}, 240_000);
