import { Command, Option } from "commander";
import { type SettingsSchema, settingsOf } from "../../common/settings.ts";

/** Whether the arguments of a command that reads its settings itself ask for its help. */
export const asksForHelp = (args: readonly string[]): boolean => args.includes("--help") || args.includes("-h");

/** Help of a command whose options are the settings of a service. */
export function serviceHelp(
  name: string,
  description: string,
  settings: SettingsSchema,
  variables: Readonly<Record<string, string>> = {},
): string {
  const command = new Command(name).description(description).helpOption("-h, --help", "display this help");
  const all = settingsOf(settings);
  for (const { flag, value, what, required, default: usual } of all) {
    if (flag === undefined) continue;
    const option = new Option(
      `--${flag}${value === undefined ? "" : ` <${value}>`}`,
      what + (required ? " (required)" : ""),
    );
    command.addOption(usual === undefined ? option : option.default(usual, usual));
  }
  command.option("--config <file>", "a JSON file of settings, by the names of the options in camelCase");
  command.option("--json", "NDJSON events on stdout instead of lines for people");
  const secrets = all.flatMap(({ flag, variable, what }) => (flag === undefined ? [[variable, what] as const] : []));
  const environment = [...Object.entries(variables), ...secrets];
  const width = Math.max(...environment.map(([variable]) => variable.length));
  const [example] = all;
  return [
    command.helpInformation(),
    "Environment:",
    ...environment.map(([variable, what]) => `  ${variable.padEnd(width)}  ${what}`),
    `  Each option but --config and --json is also read from a variable, --${example!.flag} from ${example!.variable}, and so on.`,
    "  Flag beats variable beats --config's file beats default.",
    "",
  ].join("\n");
}
