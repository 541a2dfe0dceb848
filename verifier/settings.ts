import { readFileSync } from "node:fs";
import { type Hex, parseEther } from "viem";
import { z } from "zod";
import type { ChainFile } from "../common/chain-file.ts";
import { isPrivateKey } from "../common/private-key.ts";
import { httpUrl, listOf, SettingsError, whole } from "../common/settings.ts";
import { readChain } from "./read-chain.ts";

const path = z.string().min(1);

export const bytes32 = z.custom<Hex>(
  (text) => typeof text === "string" && /^0x[0-9a-fA-F]{64}$/.test(text),
  "expected 32 bytes in hex",
) as z.ZodType<Hex, string>;

export const etherAmount = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,18})?$/, "expected an amount of ether, e.g. 0.5")
  .transform((text) => parseEther(text));

/** What every service of the verifier is told. */
export const serviceShape = {
  chainFile: path.meta({
    value: "path",
    description: "the chain's addresses and clocks, as `dev` and `demo` write it",
  }),
  l1Url: httpUrl.default("http://127.0.0.1:8545").meta({ value: "url", description: "an L1 node" }),
  l1WitnessUrls: listOf(httpUrl).default([]).meta({
    value: "urls",
    description:
      "other endpoints of the same L1, comma-separated: nothing is done on what they disagree about, and one that is down is done without",
  }),
  nodeUrl: httpUrl
    .default("http://127.0.0.1:9545")
    .meta({ value: "url", description: "an L2 node: says what is asked for, and holds what jobs name" }),
  dataDir: path.meta({
    value: "path",
    description: "checkpoints and content; may be deleted while the service is down and has nothing at stake",
  }),
  keyFile: path.optional().meta({
    value: "path",
    description: "a file that holds the private key of the service's L1 account, instead of ANH_KEY",
  }),
  pollMs: whole(1, 600_000).default(250).meta({ value: "n", description: "pause between looks at L1" }),
  maxBondEth: etherAmount.prefault("2").meta({ value: "amount", description: "no bond above this is put at stake" }),
};

/** Where the service's key stands, and nothing else: one key is one queue of L1 transactions. */
const KEY = "ANH_KEY";

export interface ServiceSettings {
  readonly chain: ChainFile;
  readonly l1Url: string;
  readonly l1WitnessUrls: readonly string[];
  readonly nodeUrl: string;
  readonly key: Hex;
  readonly folder: string;
  readonly pollMs: number;
  readonly maxBondWei: bigint;
}

export function serviceSettings(
  told: z.output<z.ZodObject<typeof serviceShape>>,
  environment: NodeJS.ProcessEnv,
): ServiceSettings {
  const { chainFile, l1Url, l1WitnessUrls, nodeUrl, dataDir, keyFile, pollMs, maxBondEth } = told;
  return {
    chain: readChain(chainFile),
    l1Url,
    l1WitnessUrls,
    nodeUrl,
    key: chosenKey(environment[KEY], keyFile),
    folder: dataDir,
    pollMs,
    maxBondWei: maxBondEth,
  };
}

/** One or the other: a variable left over from another command must not make two services share a key. */
function chosenKey(variable: string | undefined, keyFile: string | undefined): Hex {
  if (keyFile === undefined) return keyOf(variable, KEY);
  if (variable)
    throw new SettingsError("settings", `there are two keys: ${KEY} and --key-file ${keyFile}`, {
      hint: `unset ${KEY}, or leave --key-file out`,
    });
  return keyOf(readKeyFile(keyFile), keyFile, "key-file");
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new SettingsError(
      "settings",
      `--key-file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      {
        cause,
      },
    );
  }
}

/** Says nothing of what it found instead: that may be a key with a letter too many. */
function keyOf(key: string | undefined, place: string, code = "settings"): Hex {
  if (key === undefined || key === "")
    throw new SettingsError(
      code,
      `${place} is ${place === KEY ? "not set" : "empty"}: the service needs the key of an L1 account of its own`,
      {
        expected: "0x and 64 hex digits",
        hint: "put the key into a file that only you can read, and name it: --key-file <path>",
      },
    );
  if (!isPrivateKey(key))
    throw new SettingsError(code, `${place} holds no private key`, { expected: "0x and 64 hex digits" });
  return key;
}
