import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { exitCodeOf } from "../../cli/exit.ts";
import { ROOT } from "../../cli/paths.ts";
import { chosenPort } from "../../cli/stack/ports.ts";

function anh(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["cli/main.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("--version is the package's", () => {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
  expect(anh("--version")).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test.each([
  [["frob"], "unknown command 'frob'"],
  [["help", "frob"], "unknown command 'frob'"],
  [["demo", "--frob"], "unknown option '--frob'"],
  [["demo", "extra"], "too many arguments for 'demo'"],
  [["bench"], "missing required argument 'suite'"],
  [["test", "test/nope"], 'no test file\'s path contains "test/nope"'],
  [["dev", "--l1-port", "abc"], '--l1-port is "abc"'],
  [["dev", "--l1-port", "65536"], '--l1-port is "65536"'],
  [["node", "run", "--prot", "1"], "Unknown option '--prot'"],
  [["executor", "run", "--chain-file", "/nowhere", "--data-dir", "d"], "the chain file /nowhere cannot be read"],
  [["challenger", "go"], "unknown command 'go'"],
  [["dev", "--l1-port", "0", "--l2-port", "0", "--genesis", "/nowhere"], "/nowhere cannot be read (ENOENT)"],
  [
    ["dataset", "add", "x", "--tensors", "x", "--node-url", "127.0.0.1:9545"],
    "--node-url is no URL that begins with http:// or https://",
  ],
  [["node", "status", "--node-url", "http://"], "--node-url is no URL"],
  [
    ["node", "snapshot", "--data-dir", "d", "--chain-file", "c", "--out", "/nowhere/x.anh"],
    '--out is "/nowhere/x.anh", and there is no folder /nowhere',
  ],
  [
    ["job", "create", "--model", "m", "--datset", "d", "--loss", "ce", "--optimizer", "sgd:1", "--steps", "1"],
    "unknown option '--datset'; required option '--dataset <file>' not specified",
  ],
])("%j is a mistake of usage: said in one line with a way out, exit code 2", (args, message) => {
  const { status, stdout, stderr } = anh(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(`anh: ${message}`);
  const [, ...ways] = stderr.trim().split("\n");
  expect(ways.length).toBeGreaterThan(0);
  for (const way of ways) expect(way).toMatch(/^ {5}\S/);
});

test("a mistake in a command points to that command's help, and help says what must be given", () => {
  expect(anh("job", "create").stderr).toContain("./anh job create --help");
  expect(anh("frob").stderr).toContain("./anh help <command>");
  const { stdout } = anh("job", "create", "--help");
  expect(stdout.match(/\(required\)/g)).toHaveLength(6);
  expect(stdout).toMatch(/--requester <address>[^-]*\(required\)/);
});

test.each([
  ["node", "ANH_NODE_POSTER_KEY", "--port <port>", "9545"],
  ["executor", "ANH_KEY", "--max-bond-eth <amount>", "2"],
  ["challenger", "ANH_KEY", "--l1-url <url>", "http://127.0.0.1:8545"],
])("./anh %s run --help lists options, variables and defaults", (noun, variable, option, usual) => {
  const { status, stdout } = anh(noun, "run", "--help");
  expect(status).toBe(0);
  for (const told of [`Usage: anh ${noun} run`, "(required)", variable, option, `(default: ${usual})`])
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(told);
});

test("with --json a mistake of usage is JSON too", () => {
  const { status, stdout } = anh("demo", "--frob", "--json");
  expect(status).toBe(2);
  expect(JSON.parse(stdout).error).toMatchObject({ code: "usage", message: "unknown option '--frob'" });
});

test("help names every command, and each command's help is its own", () => {
  const { status, stdout } = anh("help");
  expect(status).toBe(0);
  for (const name of ["demo", "dev", "test", "bench", "gas-snapshot"]) expect(stdout).toContain(name);
  expect(anh("help", "dev")).toMatchObject({ status: 0, stdout: expect.stringContaining("--l1-port") });
});

test("help names every bench suite there is", () => {
  const [, suites] = /suites: (.*)/.exec(anh("bench", "frob").stderr) as RegExpExecArray;
  const words = anh("bench", "--help").stdout.split(/[\s,]+/);
  expect((suites as string).split(", ").filter((suite) => !words.includes(suite))).toEqual([]);
});

test("./anh called through links finds its own folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "anh-link-"));
  try {
    // Its checkout, with everything installed, and a command that tells where it is.
    const root = join(folder, "check out");
    for (const below of ["cli", "node_modules"]) mkdirSync(join(root, below), { recursive: true });
    copyFileSync(`${ROOT}anh`, join(root, "anh"));
    for (const file of ["package-lock.json", "node_modules/.anh-installed"]) writeFileSync(join(root, file), "{}");
    writeFileSync(join(root, "cli/main.ts"), "console.log(import.meta.dirname, ...process.argv.slice(2));");
    symlinkSync("check out/anh", join(folder, "link"));
    symlinkSync(join(folder, "link"), join(folder, "link to it"));
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    const { stdout, stderr } = spawnSync(join(folder, "link to it"), ["a b"], { encoding: "utf8", env });
    expect({ stdout, stderr }).toEqual({ stdout: `${join(realpathSync(root), "cli")} a b\n`, stderr: "" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a port in use: exit code 69, the port and what to do", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  try {
    const error = await chosenPort("l2-port", String(port)).catch((reason) => reason);
    expect(error).toMatchObject({ code: "port-taken", actual: port, hint: expect.stringContaining("--l2-port") });
    expect(error.message).toContain(String(port));
    expect(exitCodeOf(error)).toBe(69);
  } finally {
    server.close();
  }
});
