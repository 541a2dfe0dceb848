import { readFileSync, statSync } from "node:fs";
import type { Hex } from "viem";
import { z } from "zod";
import { httpUrl, listOf, readSettings, type SettingsSchema, whole } from "../common/settings.ts";
import type { TrustedValidator } from "./claims/commissions.ts";
import { type Taste, takesBy } from "./claims/takes.ts";
import type { ExecutorSettings } from "./executor-wiring.ts";
import { PROVIDERS, type Provider } from "./runtime/provider.ts";
import { bytes32, serviceSettings, serviceShape } from "./settings.ts";

/** Which contract, and what it must be (docs/protocol.md P13.7). */
const validator = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}:0x[0-9a-fA-F]{64}$/, "expected <address>:<code hash>, 20 and 32 bytes in hex")
  .transform((words): TrustedValidator => {
    const [address, codeHash] = words.split(":") as [Hex, Hex];
    return { address, codeHash };
  });

const schema = z
  .object({
    ...serviceShape,
    threads: whole(1, 256)
      .default(1)
      .meta({ value: "n", description: "of tolerant tasks; strict ones have one, whose bits they are judged by" }),
    provider: z.enum(PROVIDERS).default("cpu").meta({
      value: "name",
      description: "cpu, webgpu or cuda: where tasks of the gpu column are computed; all others are on the CPU",
    }),
    dataPort: whole(0, 65_535)
      .default(0)
      .meta({ value: "port", description: "of the data service on the loopback; 0 takes any free one" }),
    dataUrl: httpUrl.optional().meta({
      value: "url",
      description: "where challengers reach the data service; without it, the loopback: for a development chain only",
    }),
    kind: listOf(z.enum(["train", "infer", "evaluate", "commission"]))
      .default([])
      .meta({
        value: "kinds",
        description: "serve only these, comma-separated: train, infer, evaluate, commission",
      }),
    salt: listOf(bytes32).default([]).meta({ value: "salts", description: "serve only jobs with these salts" }),
    afterOverturn: listOf(bytes32).default([]).meta({
      value: "salts",
      description: "leave trainings of jobs with these salts to others until a claim of theirs was overturned",
    }),
    weightsFolder: z
      .string()
      .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false, "there is no such folder")
      .optional()
      .meta({
        value: "path",
        description:
          "weights for commissions, <model id>.safetensors; those without a file are trained as their job says",
      }),
    blind: z.stringbool().prefault("false").meta({
      description: "deliver weights for commissions whose held-out rows nobody serves yet",
    }),
    validator: listOf(validator).default([]).meta({
      value: "names",
      description:
        "contracts that may judge what is delivered, and what they must be: <address>:<code hash>, comma-separated",
    }),
  })
  .strict();

export const EXECUTOR_SETTINGS: SettingsSchema<typeof schema> = {
  schema,
  prefix: "ANH_EXECUTOR",
  secret: new Set(),
  help: "./anh executor run --help lists all settings",
};

export type ExecutorTold = ExecutorSettings & {
  readonly nodeUrl: string;
  readonly threads: number;
  readonly provider: Provider;
};

/** Flag > `ANH_EXECUTOR_*` > JSON file named by `--config` > default; the key from `ANH_KEY` or a file of its own. */
export function readExecutorSettings(argv: readonly string[], environment: NodeJS.ProcessEnv): ExecutorTold {
  const readFile = (path: string) => readFileSync(path, "utf8");
  const told = readSettings(EXECUTOR_SETTINGS, { argv, environment, readFile });
  const { kind, salt, afterOverturn, weightsFolder, blind, validator, dataUrl, dataPort, threads, provider } = told;
  const service = serviceSettings(told, environment);
  const taste: Taste = { kinds: kind, salts: salt, afterOverturn };
  return {
    ...service,
    threads,
    provider,
    dataPort,
    ...(dataUrl === undefined ? {} : { dataUrl }),
    dataUrls: [service.nodeUrl],
    commissions: { weightsFolder, blind, validators: validator },
    takes: takesBy(taste),
  };
}
