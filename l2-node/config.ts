import { readFileSync } from "node:fs";
import type { Hex } from "viem";
import { z } from "zod";
import { isPrivateKey } from "../common/private-key.ts";
import { httpUrl, listOf, readSettings, type SettingsSchema, whole } from "../common/settings.ts";

const key = z.custom<Hex>(isPrivateKey, "expected a private key: 0x and 64 hex digits");
const text = z.string().min(1);

const schema = z
  .object({
    role: z
      .enum(["sequencer", "replica"])
      .meta({ value: "role", description: "sequencer, or replica: what L1 says, and no key" }),
    execute: z.enum(["lazy", "eager", "none"]).default("lazy").meta({
      value: "when",
      description:
        "blocks are executed when somebody asks for what follows from them (lazy), as soon as they are there (eager), or never (none)",
    }),
    audit: z.enum(["on", "off"]).default("on").meta({
      value: "on|off",
      description: "compare posted state claims with the own state; costs executing what they claim",
    }),
    dataDir: text.meta({ value: "path", description: "where the node keeps the chain, its state and uploads" }),
    chainFile: text.meta({
      value: "path",
      description: "the chain's addresses and clocks, as `dev` and `demo` write it",
    }),
    genesis: text.optional().meta({
      value: "file",
      description:
        "the go-ethereum genesis that the chain is meant to have begun with; a chain that did not is refused",
    }),
    l1Url: httpUrl.meta({ value: "url", description: "an L1 node" }),
    l1WitnessUrls: listOf(httpUrl).default([]).meta({
      value: "urls",
      description:
        "other endpoints of the same L1, comma-separated: no block is believed that one of those that answer does not have",
    }),
    l1BeaconUrls: listOf(httpUrl).default([]).meta({
      value: "urls",
      description:
        "beacon nodes of L1, or archives of its blobs, comma-separated; needed where batches are posted in blobs",
    }),
    snapshot: text.optional().meta({
      value: "file",
      description:
        "a snapshot of the chain (./anh node snapshot): what it holds is not asked of L1, whose hashes it is held to",
    }),
    data: z.enum(["calldata", "blobs", "cheaper"]).optional().meta({
      value: "place",
      description:
        "where the sequencer posts transactions: calldata, blobs, or cheaper (what it does if a beacon node is named)",
    }),
    host: text.default("127.0.0.1").meta({ value: "address", description: "where JSON-RPC listens" }),
    port: whole(0, 65_535).default(9545).meta({ value: "port", description: "of JSON-RPC; 0 takes any free one" }),
    forwardUrl: httpUrl.optional().meta({
      value: "url",
      description:
        "the sequencer's RPC: where a replica sends transactions on to (without it, it refuses them), and hears signed headers",
    }),
    logLevel: z
      .enum(["trace", "debug", "info", "warn", "error"])
      .default("info")
      .meta({ value: "level", description: "of what goes to stderr" }),
    sequencerKey: key.optional().meta({ value: "key", description: "signs headers; the key of the chain's sequencer" }),
    anchorKey: key
      .optional()
      .meta({ value: "key", description: "pays for anchoring on L1; the sequencer's key if absent" }),
    posterKey: key.optional().meta({
      value: "key",
      description: "posts state claims; the key of the chain's poster. A node without it posts none",
    }),
    reporterKey: key.optional().meta({
      value: "key",
      description:
        "proves an equivocation of the sequencer on L1, for the reward; a node without it only reports what it saw",
    }),
    postEverySeconds: whole(1, 604_800).optional().meta({
      value: "n",
      description: "least L1 time between two state claims; a quarter of their window, at most an hour, if absent",
    }),
    blockTimeMs: whole(10, 60_000).optional().meta({
      value: "n",
      description: "longest wait before something is sealed; the chain's L2 block time if absent",
    }),
    heartbeatMs: whole(100, 3_600_000)
      .default(12_000)
      .meta({ value: "n", description: "an empty block is sealed after so long without one" }),
    originLagBlocks: whole(0, 1000)
      .default(2)
      .meta({ value: "n", description: "L1 blocks that the sequencer stays behind L1's head" }),
    anchorIntervalMs: whole(50, 3_600_000)
      .optional()
      .meta({ value: "n", description: "pause between batches; four L1 blocks if absent" }),
    pollMs: whole(10, 60_000)
      .optional()
      .meta({ value: "n", description: "pause between looks at L1; half an L1 block if absent" }),
    maxPoolTransactions: whole(1, 1_000_000)
      .default(20_000)
      .meta({ value: "n", description: "that wait to be sealed" }),
    maxBlobBytes: whole(0, 2 ** 50)
      .default(64 * 2 ** 30)
      .meta({
        value: "n",
        description: "disk space for what requesters upload; a node whose space is used up takes nothing new",
      }),
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

export const NODE_SETTINGS: SettingsSchema<typeof schema> = {
  schema,
  prefix: "ANH_NODE",
  secret: new Set(["sequencerKey", "anchorKey", "posterKey", "reporterKey"]),
  help: "./anh node run --help lists all settings",
};

/** Flag > `ANH_NODE_*` > JSON file named by `--config` > default. Throws `SettingsError` naming every problem and its origin. */
export const readConfig = (argv: readonly string[], environment: NodeJS.ProcessEnv): NodeConfig =>
  readSettings(NODE_SETTINGS, { argv, environment, readFile: (path) => readFileSync(path, "utf8") });
