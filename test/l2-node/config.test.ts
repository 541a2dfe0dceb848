import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SettingsError } from "../../common/settings.ts";
import { readConfig } from "../../l2-node/config.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = `0x${"11".repeat(32)}`;
const replica = ["--role", "replica", "--data-dir", "d", "--chain-file", "c.json", "--l1-url", "http://127.0.0.1:1"];
const problemsOf = (argv: readonly string[], environment: NodeJS.ProcessEnv = {}): string => {
  try {
    readConfig(argv, environment);
    return "";
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message;
  }
};

describe("readConfig", () => {
  it("names every problem at once, each with its place", () => {
    const message = problemsOf(["--role", "miner", "--port", "65536"], { ANH_NODE_L1_URL: "nowhere" });
    for (const place of ["--role: ", "--port: ", "ANH_NODE_L1_URL: ", "--data-dir or ANH_NODE_DATA_DIR: "])
      expect(message).toContain(place);
  });

  it("takes no key from the command line, and no unknown flag", () => {
    expect(problemsOf([...replica, "--sequencer-key", KEY])).toMatch(/sequencer-key/);
    expect(problemsOf([...replica, "--prot", "1"])).toMatch(/prot/);
  });

  it("takes no key that is none, and shows nothing of it", () => {
    for (const digits of ["00", "ff", "1g"]) {
      const wrong = `0x${digits.repeat(32)}`;
      const message = problemsOf(replica, { ANH_NODE_POSTER_KEY: wrong });
      expect([message.includes("ANH_NODE_POSTER_KEY: expected"), message.includes(wrong)]).toEqual([true, false]);
    }
  });

  it("shows of URLs that it refuses neither credentials nor paths, and nothing of what is no URL", () => {
    const refused = (flag: string, value: string) =>
      problemsOf([...(flag === "l1-url" ? replica.slice(0, -2) : replica), `--${flag}`, value]);
    for (const flag of ["l1-url", "l1-witness-urls", "l1-beacon-urls", "forward-url"]) {
      expect(refused(flag, "wss://user:PASSWORD@l1.example:8546/v3/APIKEY?key=APIKEY")).toMatch(
        /with http:\/\/ or https:\/\/, got "wss:\/\/l1\.example:8546\/…"$/,
      );
      for (const secret of [
        "user:SECRET@l1.example",
        "SECRET",
        "https://user:SECRET@",
        "l1.example:8545/SECRET",
        "SECRET:80",
      ])
        expect(refused(flag, secret)).toMatch(/or https:\/\/$/);
    }
    const some = "https://l1.example/APIKEY";
    expect(refused("l1-witness-urls", `${some},wss://SECRET@b.example`)).toMatch(
      /got "https:\/\/l1\.example\/…,wss:\/\/b\.example"$/,
    );
    expect(refused("l1-witness-urls", `${some},SECRET`)).toMatch(/or https:\/\/$/);
    const path = join(folder, "urls.json");
    writeFileSync(path, JSON.stringify({ l1WitnessUrls: [some] }));
    const message = problemsOf([...replica, "--config", path]);
    expect([message.includes("urls.json"), message.includes("APIKEY")]).toEqual([true, false]);
  });

  it("keeps roles and keys together", () => {
    expect(problemsOf(["--role", "sequencer", ...replica.slice(2)])).toMatch(
      /ANH_NODE_SEQUENCER_KEY: a sequencer needs its key/,
    );
    expect(problemsOf(replica, { ANH_NODE_SEQUENCER_KEY: KEY })).toMatch(/must not hold/);
    expect(problemsOf([...replica, "--execute", "none"], { ANH_NODE_POSTER_KEY: KEY })).toMatch(/cannot claim states/);
  });

  it("prefers flag to variable to file to default", () => {
    const path = join(folder, "node.json");
    writeFileSync(path, JSON.stringify({ port: 1, host: "10.0.0.1", pollMs: 77 }));
    const config = readConfig([...replica, "--config", path, "--port", "3"], {
      ANH_NODE_PORT: "2",
      ANH_NODE_HOST: "10.0.0.2",
    });
    expect([config.port, config.host, config.pollMs, config.execute]).toEqual([3, "10.0.0.2", 77, "lazy"]);
  });

  it("takes several witnesses of L1, and names the list when one is no URL", () => {
    const urls = ["http://127.0.0.1:2", "https://l1.example/key?a=b"];
    expect(readConfig([...replica, "--l1-witness-urls", urls.join(",")], {}).l1WitnessUrls).toEqual(urls);
    expect(readConfig(replica, {}).l1WitnessUrls).toEqual([]);
    for (const bad of ["", ",", `${urls[0]},`, "here"])
      expect(problemsOf([...replica, "--l1-witness-urls", bad])).toMatch(/--l1-witness-urls/);
  });

  it("posts in blobs only where it could read them back", () => {
    const beacons = ["--l1-beacon-urls", "http://127.0.0.1:3500,https://archive.example"];
    expect(readConfig([...replica, ...beacons], {}).l1BeaconUrls).toEqual(beacons[1]?.split(","));
    expect(readConfig(replica, {})).toMatchObject({ l1BeaconUrls: [] });
    expect(readConfig([...replica, "--data", "calldata"], {}).data).toBe("calldata");
    for (const data of ["blobs", "cheaper"]) {
      expect(problemsOf([...replica, "--data", data])).toMatch(/--data: .*--l1-beacon-urls/);
      expect(readConfig([...replica, "--data", data, ...beacons], {}).data).toBe(data);
    }
    expect(problemsOf([...replica, "--data", "celestia"])).toMatch(/--data/);
  });

  it("says what is wrong with a settings file", () => {
    const path = join(folder, "bad.json");
    writeFileSync(path, JSON.stringify({ prot: 1 }));
    expect(problemsOf([...replica, "--config", path])).toMatch(/prot/);
    writeFileSync(path, '{"anchorKey": ac0974bec39a17e36ba4a6b4d238ff94}');
    expect(() => readConfig([...replica, "--config", path], {})).toThrow(
      expect.objectContaining({ hint: "Unexpected token 'a'" }),
    );
    writeFileSync(path, "[");
    expect(problemsOf([...replica, "--config", path])).toMatch(/no JSON object/);
    expect(problemsOf([...replica, "--config", join(folder, "none.json")])).toMatch(/no JSON object/);
  });
});
