import { readFileSync } from "node:fs";
import { type Hex, isAddress, isHex, parseEther, size } from "viem";
import { type ChainFile, decodeChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import type { TrustedValidator } from "./claims/commissions.ts";

/** A command line or environment that a service cannot start with. */
export class SettingsError extends AnhError {}

type Values = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** Options every service of the verifier has; the key stays out of the command line: `ANH_KEY`. */
export const SERVICE_OPTIONS = {
  "chain-file": { type: "string" },
  "l1-url": { type: "string" },
  "node-url": { type: "string" },
  folder: { type: "string" },
  "data-port": { type: "string", default: "0" },
  "data-url": { type: "string" },
  "poll-ms": { type: "string", default: "250" },
  "max-bond-eth": { type: "string", default: "2" },
} as const;

export type ServiceSettings = {
  readonly chain: ChainFile;
  readonly l1Url: string;
  readonly nodeUrl: string;
  readonly key: Hex;
  readonly folder: string;
  readonly dataPort: number;
  readonly dataUrl?: string;
  readonly pollMs: number;
  readonly maxBondWei: bigint;
};

export function readServiceSettings(values: Values, environment: NodeJS.ProcessEnv): ServiceSettings {
  const dataUrl = values["data-url"];
  return {
    chain: decodeChainFile(readFileSync(required(values, "chain-file"), "utf8")),
    l1Url: required(values, "l1-url"),
    nodeUrl: required(values, "node-url"),
    key: readKey(environment.ANH_KEY),
    folder: required(values, "folder"),
    dataPort: readCount(values, "data-port"),
    ...(typeof dataUrl === "string" ? { dataUrl } : {}),
    pollMs: readCount(values, "poll-ms"),
    maxBondWei: parseEther(required(values, "max-bond-eth")),
  };
}

function required(values: Values, name: string): string {
  const value = values[name];
  if (typeof value !== "string" || value === "")
    throw new SettingsError("settings", `--${name} is missing`, { expected: `--${name} <value>` });
  return value;
}

export function readCount(values: Values, name: string): number {
  const text = required(values, name);
  if (!/^[0-9]{1,9}$/.test(text))
    throw new SettingsError("settings", `--${name} is "${text}"`, { expected: "a whole number", actual: text });
  return Number(text);
}

/** A repeatable option; each value must be one of `allowed`, or 32 bytes in hex if that is undefined. */
export function readList<T extends string>(values: Values, name: string, allowed?: readonly T[]): T[] {
  const list = (values[name] ?? []) as readonly string[];
  for (const item of list) {
    const fits = allowed === undefined ? isHex(item) && size(item) === 32 : allowed.includes(item as T);
    if (!fits)
      throw new SettingsError("settings", `--${name} is "${item}"`, {
        expected: allowed === undefined ? "32 bytes in hex" : allowed.join(", "),
        actual: item,
      });
  }
  return list as T[];
}

/** `<address>:<code hash>`: which contract, and what it must be. */
export function readValidators(values: Values, name: string): TrustedValidator[] {
  return ((values[name] ?? []) as readonly string[]).map((item) => {
    const [address = "", codeHash = "", ...more] = item.split(":");
    if (!isAddress(address) || !isHex(codeHash) || size(codeHash) !== 32 || more.length > 0)
      throw new SettingsError("settings", `--${name} is "${item}"`, {
        expected: "<address>:<code hash>, 20 and 32 bytes in hex",
        actual: item,
      });
    return { address, codeHash };
  });
}

function readKey(key: string | undefined): Hex {
  if (key === undefined || !/^0x[0-9a-fA-F]{64}$/.test(key))
    throw new SettingsError("settings", "ANH_KEY holds no private key", { expected: "0x and 64 hex digits" });
  return key as Hex;
}
