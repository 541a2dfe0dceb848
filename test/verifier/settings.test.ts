import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEther } from "viem";
import { afterAll, describe, expect, it } from "vitest";
import { encodeChainFile } from "../../common/chain-file.ts";
import { SettingsError } from "../../common/settings.ts";
import { readChallengerSettings } from "../../verifier/challenger-settings.ts";
import { readExecutorSettings } from "../../verifier/executor-settings.ts";
import { testChainFile } from "../support/chain-file.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = `0x${"11".repeat(32)}`;
const SALTS = [`0x${"01".repeat(32)}`, `0x${"02".repeat(32)}`];
const chainFile = join(folder, "chain.json");
writeFileSync(chainFile, encodeChainFile(testChainFile(`0x${"12".repeat(32)}`, 1_700_000_000n)));
const needed = ["--chain-file", chainFile, "--data-dir", folder];

const problem = (read: () => unknown): { message: string; code: string } => {
  try {
    read();
  } catch (error) {
    if (error instanceof Error) return error as never;
  }
  return { message: "", code: "" };
};
const executor = (argv: readonly string[], environment = {}) =>
  readExecutorSettings([...needed, ...argv], { ANH_KEY: KEY, ...environment });
const challenger = (argv: readonly string[], environment = {}) =>
  readChallengerSettings([...needed, ...argv], { ANH_KEY: KEY, ...environment });

describe("settings of executor and challenger", () => {
  it.each([
    [["--port", "1"], "Unknown option '--port'"],
    [["--threads", "0"], '--threads: expected a whole number from 1 to 256, got "0"'],
    [["--threads", "257"], '--threads: expected a whole number from 1 to 256, got "257"'],
    [["--threads", "two"], '--threads: expected a whole number from 1 to 256, got "two"'],
    [["--data-port", "65536"], '--data-port: expected a whole number from 0 to 65535, got "65536"'],
    [["--max-bond-eth", "1e3"], '--max-bond-eth: expected an amount of ether, e.g. 0.5, got "1e3"'],
    [["--l1-url", "localhost:8545"], "--l1-url: expected a URL that begins with http:// or https://"],
    [["--salt", "0x12"], '--salt: expected 32 bytes in hex, got "0x12"'],
    [["--kind", "trian"], "--kind: "],
    [["--weights-folder", "/nowhere"], '--weights-folder: there is no such folder, got "/nowhere"'],
    [["--weights-folder", import.meta.filename], "--weights-folder: there is no such folder"],
    [["--weights-folder", `${import.meta.filename}/below`], "--weights-folder: there is no such folder"],
    [["--weights-folder", ""], "--weights-folder: there is no such folder"],
    [["--config", "/nowhere"], "/nowhere is no JSON object of settings"],
  ])("%j is refused with its place", (argv, message) => {
    expect(problem(() => executor(argv))).toMatchObject({ message: expect.stringContaining(message) });
    expect(() => executor(argv)).toThrow(SettingsError);
  });

  it("names all that is missing or wrong at once, and a chain file that cannot be one", () => {
    const { message } = problem(() => readExecutorSettings(["--poll-ms", "0"], {}));
    for (const place of ["--chain-file or ANH_EXECUTOR_CHAIN_FILE: is missing", "--data-dir or ", "--poll-ms: "])
      expect(message).toContain(place);
    const bad = join(folder, "bad.json");
    writeFileSync(bad, "{}");
    expect(problem(() => challenger(["--chain-file", bad])).message).toContain("cannot be read");
    expect(problem(() => readChallengerSettings(["--chain-file", bad, "--data-dir", folder], {}))).toMatchObject({
      code: "chain-file",
      message: `${bad}: this is no chain file: it has no l1ChainId`,
    });
    expect(problem(() => challenger(["--policy", "half"])).message).toBe('"half" is no policy');
  });

  it("takes the key from ANH_KEY or a file, never from the command line, and shows nothing of a wrong one", () => {
    for (const ANH_KEY of [undefined, ""])
      expect(problem(() => executor([], { ANH_KEY })).message).toContain("ANH_KEY is not set: the service needs");
    const wrong = `${KEY}1`;
    const { message } = problem(() => executor([], { ANH_KEY: wrong }));
    expect([message.includes("holds no private key"), message.includes(KEY)]).toEqual([true, false]);
    expect(problem(() => executor(["--key", KEY])).message).toContain("Unknown option '--key'");
    const keyFile = join(folder, "key");
    writeFileSync(keyFile, `${KEY}\n`);
    for (const ANH_KEY of [undefined, ""]) expect(executor(["--key-file", keyFile], { ANH_KEY }).key).toBe(KEY);
    const other = `0x${"22".repeat(32)}`;
    for (const ANH_KEY of [other, wrong])
      expect(problem(() => executor(["--key-file", keyFile], { ANH_KEY })).message).toBe(
        `there are two keys: ANH_KEY and --key-file ${keyFile}`,
      );
    writeFileSync(keyFile, "0x12");
    expect(problem(() => executor(["--key-file", keyFile], { ANH_KEY: undefined })).code).toBe("key-file");
    expect(problem(() => executor(["--key-file", "/nowhere"], { ANH_KEY: undefined }))).toMatchObject({
      code: "settings",
      message: "--key-file /nowhere cannot be read (ENOENT)",
    });
  });

  // The curve's order is the first that is none.
  const ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  it.each(["00".repeat(32), "ff".repeat(32), ORDER])("0x%s is no key, and not shown", (digits) => {
    const read = () => executor([], { ANH_KEY: `0x${digits}` });
    expect(read).toThrow(SettingsError);
    expect(problem(read).message).toBe("ANH_KEY holds no private key");
    expect(problem(read)).not.toHaveProperty("cause");
  });
  it("the greatest key is one, and the least", () => {
    for (const key of [`0x${ORDER.slice(0, -1)}0`, `0x${"1".padStart(64, "0")}`])
      expect(executor([], { ANH_KEY: key }).key).toBe(key);
  });

  const address = `0x${"cd".repeat(20)}`;
  const codeHash = `0x${"ab".repeat(32)}`;
  it.each([
    codeHash,
    address,
    `${codeHash}:${address}`,
    `${address}:${codeHash}:`,
    `${address}:${codeHash.slice(0, -2)}`,
    "",
  ])("no validator is named by %j alone", (item) => {
    expect(problem(() => executor(["--validator", item])).message).toContain("--validator: expected <address>:");
  });
  it("a validator is an address and the hash of its code", () => {
    const named = executor(["--validator", `${address}:${codeHash}`]);
    expect(named.commissions?.validators).toEqual([{ address, codeHash }]);
    expect(executor([]).commissions?.validators).toEqual([]);
  });

  it("prefers flag to variable to file to default, and takes lists comma-separated or repeated", () => {
    const config = join(folder, "executor.json");
    writeFileSync(config, JSON.stringify({ threads: 2, pollMs: 10, dataPort: 5 }));
    const variables = { ANH_EXECUTOR_POLL_MS: "20", ANH_EXECUTOR_THREADS: "4", ANH_EXECUTOR_BLIND: "true" };
    const told = executor(["--config", config, "--threads", "8"], variables);
    expect([told.threads, told.pollMs, told.dataPort, told.maxBondWei]).toEqual([8, 20, 5, parseEther("2")]);
    expect(told.commissions).toMatchObject({ blind: true, weightsFolder: undefined });
    expect(executor([]).commissions).toMatchObject({ blind: false });
    expect(executor(["--blind"]).commissions).toMatchObject({ blind: true });

    const takes = (...argv: string[]) => executor(argv).takes;
    const demand = (salt: string) => ({ job: { salt }, task: { kind: 1 } }) as never;
    for (const argv of [
      ["--salt", SALTS.join(",")],
      ["--salt", SALTS[0]!, "--salt", SALTS[1]!],
    ])
      expect([...SALTS, KEY].map((salt) => takes(...argv)(demand(salt), false))).toEqual([true, true, false]);
    expect(challenger(["--demand-budget-eth", "0.5", "--policy", "sample 0.1"])).toMatchObject({
      demandBudgetWei: parseEther("0.5"),
      policy: { kind: "sample", share: 0.1 },
    });
    expect(challenger([])).not.toHaveProperty("demandBudgetWei");
  });
});
