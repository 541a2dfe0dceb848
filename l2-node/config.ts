import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Hex } from "viem";
import { z } from "zod";
import { AnhError } from "../common/errors.ts";

/** Settings a node cannot start with: every problem at once, each with its place. */
export class ConfigError extends AnhError {}

const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const key = z.custom<Hex>(
  (text) => typeof text === "string" && /^0x[0-9a-fA-F]{64}$/.test(text),
  "expected 0x and 64 hex digits",
);

const schema = z
  .object({
    role: z.enum(["sequencer", "replica"]),
    /** Blocks are executed when somebody asks for what follows from them, as soon as they are there, or never. */
    execute: z.enum(["lazy", "eager", "none"]).default("lazy"),
    /** Compare posted state claims with the own state; costs executing what they claim. */
    audit: z.enum(["on", "off"]).default("on"),
    dataDir: z.string().min(1),
    chainFile: z.string().min(1),
    /** The go-ethereum genesis that the chain is meant to have begun with; a chain that did not is refused. */
    genesis: z.string().min(1).optional(),
    l1Url: z.string().url(),
    /** Other endpoints of the same L1, comma-separated: nothing is believed that one of them does not have. */
    l1WitnessUrls: z
      .string()
      .transform((text) => text.split(","))
      .pipe(z.array(z.string().url()))
      .default([]),
    /** Beacon nodes of L1, or archives of its blobs, comma-separated; needed where batches are posted in blobs. */
    l1BeaconUrls: z
      .string()
      .transform((text) => text.split(","))
      .pipe(z.array(z.string().url()))
      .default([]),
    /** Where the sequencer posts transactions; `cheaper` if a beacon node is named, else `calldata`. */
    data: z.enum(["calldata", "blobs", "cheaper"]).optional(),
    host: z.string().min(1).default("127.0.0.1"),
    port: count(0, 65_535).default(9545),
    /** Where a replica sends transactions on to; without it, it refuses them. */
    forwardUrl: z.string().url().optional(),
    logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
    /** Signs headers; the key of the chain's sequencer. */
    sequencerKey: key.optional(),
    /** Pays for anchoring on L1; the sequencer's if absent. */
    anchorKey: key.optional(),
    /** Posts state claims; the key of the chain's poster. A node without it posts none. */
    posterKey: key.optional(),
    /** Proves an equivocation of the sequencer on L1, for the reward; a node without it only reports what it saw. */
    reporterKey: key.optional(),
    /** Least L1 time between two state claims; a quarter of their window, at most an hour, if absent. */
    postEverySeconds: count(1, 604_800).optional(),
    /** Longest wait before something is sealed; the chain's L2 block time if absent. */
    blockTimeMs: count(10, 60_000).optional(),
    heartbeatMs: count(100, 3_600_000).default(12_000),
    originLagBlocks: count(0, 1000).default(2),
    anchorIntervalMs: count(50, 3_600_000).optional(),
    /** Pause between looks at L1; half an L1 block if absent. */
    pollMs: count(10, 60_000).optional(),
    maxPoolTransactions: count(1, 1_000_000).default(20_000),
    /** Disk space for what requesters upload; a node whose space is used up takes nothing new. */
    maxBlobBytes: count(0, 2 ** 50).default(64 * 2 ** 30),
  })
  .strict()
  .superRefine((config, context) => {
    if (config.role === "sequencer" && !config.sequencerKey)
      context.addIssue({ code: "custom", path: ["sequencerKey"], message: "a sequencer needs its key" });
    if (config.data !== undefined && config.data !== "calldata" && config.l1BeaconUrls.length === 0)
      context.addIssue({
        code: "custom",
        path: ["data"],
        message: "who posts blobs must be able to read them back: name a beacon node by --l1-beacon-urls",
      });
    if (config.execute === "none" && config.posterKey)
      context.addIssue({
        code: "custom",
        path: ["posterKey"],
        message: "a node that executes nothing cannot claim states",
      });
    if (config.role === "replica" && config.sequencerKey)
      context.addIssue({
        code: "custom",
        path: ["sequencerKey"],
        message: "a replica must not hold the sequencer's key",
      });
  });

export type NodeConfig = z.output<typeof schema>;

const NAMES = [
  "role",
  "execute",
  "audit",
  "dataDir",
  "chainFile",
  "genesis",
  "l1Url",
  "l1WitnessUrls",
  "l1BeaconUrls",
  "data",
  "host",
  "port",
  "forwardUrl",
  "logLevel",
  "sequencerKey",
  "anchorKey",
  "posterKey",
  "reporterKey",
  "postEverySeconds",
  "blockTimeMs",
  "heartbeatMs",
  "originLagBlocks",
  "anchorIntervalMs",
  "pollMs",
  "maxPoolTransactions",
  "maxBlobBytes",
] as const satisfies readonly (keyof NodeConfig)[];
/** Command lines are visible to everybody on the machine. */
const SECRET: ReadonlySet<string> = new Set(["sequencerKey", "anchorKey", "posterKey", "reporterKey"]);

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variable = (name: string): string => `ANH_NODE_${dashed(name).replaceAll("-", "_").toUpperCase()}`;

/** Flag > `ANH_NODE_*` > JSON file named by `--config` > default. Throws `ConfigError` naming every problem and its origin. */
export function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv): NodeConfig {
  const flags = readFlags(argv);
  const origins = new Map<string, string>();
  const merged: Record<string, unknown> = {};
  const file = flags.config === undefined ? {} : readConfigFile(flags.config);
  for (const name of Object.keys(file)) take(name, file[name], `${flags.config}`);
  for (const name of NAMES) {
    take(name, environment[variable(name)], variable(name));
    take(name, flags[dashed(name)], `--${dashed(name)}`);
  }
  function take(name: string, value: unknown, origin: string): void {
    if (value === undefined) return;
    merged[name] = value;
    origins.set(name, origin);
  }

  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0] ?? "");
    const hint = SECRET.has(name) ? variable(name) : `--${dashed(name)} or ${variable(name)}`;
    return `${origins.get(name) ?? hint}: ${message}`;
  });
  throw new ConfigError("config", `the node cannot start with these settings:\n  ${problems.join("\n  ")}`, {
    actual: problems.length,
    hint: "settings are flags, ANH_NODE_* variables, or a JSON file named by --config",
  });
}

function readFlags(argv: readonly string[]): Readonly<Record<string, string | undefined>> {
  const names = NAMES.filter((name) => !SECRET.has(name)).map(dashed);
  const options = Object.fromEntries([...names, "config"].map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ args: [...argv], options }).values as Record<string, string | undefined>;
  } catch (error) {
    throw new ConfigError("usage", (error as Error).message, {
      expected: [...names, "config"].map((name) => `--${name}`).join(" "),
    });
  }
}

function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error("not an object");
  } catch (cause) {
    throw new ConfigError("config-file", `${path} is no JSON object of settings`, {
      cause,
      hint: (cause as Error).message,
    });
  }
}
