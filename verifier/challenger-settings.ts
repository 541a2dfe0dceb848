import { readFileSync } from "node:fs";
import { z } from "zod";
import { readSettings, type SettingsSchema, whole } from "../common/settings.ts";
import type { ChallengerSettings } from "./challenger-wiring.ts";
import { parsePolicy } from "./check/policy.ts";
import { etherAmount, serviceSettings, serviceShape } from "./settings.ts";

const schema = z
  .object({
    ...serviceShape,
    demandBudgetEth: etherAmount.optional().meta({
      value: "amount",
      description:
        "what may be spent on asking one claimant that serves nothing; by default what overturning its claim earns",
    }),
    policy: z.string().default("all").meta({
      value: "policy",
      description: "all, or 'sample 0.1': that share of each claim's segments is looked at",
    }),
    checkers: whole(1, 256)
      .default(1)
      .meta({ value: "n", description: "segments looked at beside each other, each with a core of its own" }),
  })
  .strict();

export const CHALLENGER_SETTINGS: SettingsSchema<typeof schema> = {
  schema,
  prefix: "ANH_CHALLENGER",
  secret: new Set(),
  help: "./anh challenger run --help lists all settings",
};

export type ChallengerTold = ChallengerSettings & { readonly nodeUrl: string };

/** Flag > `ANH_CHALLENGER_*` > JSON file named by `--config` > default; the key from `ANH_KEY` or a file of its own. */
export function readChallengerSettings(argv: readonly string[], environment: NodeJS.ProcessEnv): ChallengerTold {
  const readFile = (path: string) => readFileSync(path, "utf8");
  const told = readSettings(CHALLENGER_SETTINGS, { argv, environment, readFile });
  const { demandBudgetEth, policy, checkers } = told;
  const service = serviceSettings(told, environment);
  return {
    ...service,
    dataUrls: [service.nodeUrl],
    policy: parsePolicy(policy),
    checkers,
    ...(demandBudgetEth === undefined ? {} : { demandBudgetWei: demandBudgetEth }),
  };
}
