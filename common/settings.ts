// What a service is told before it starts. One zod schema says what there is; its reader and its help are derived from it.
import { parseArgs } from "node:util";
import { z } from "zod";
import { AnhError } from "./errors.ts";
import { shownUrl } from "./trouble.ts";

/** Settings that a service cannot start with: every problem at once, each with its place. */
export class SettingsError extends AnhError {}

/** A schema with a `meta` for each field: `description`, and `value`, what stands for its value; without, it is a switch. */
export interface SettingsSchema<S extends z.ZodObject = z.ZodObject> {
  readonly schema: S;
  /** Variables are `<prefix>_<NAME>`. */
  readonly prefix: string;
  /** Read from variables alone: command lines are visible to everybody on the machine. */
  readonly secret: ReadonlySet<string>;
  /** Says what there is. */
  readonly help: string;
}

export interface SettingsSources {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** A setting as help shows it. */
export interface Setting {
  readonly name: string;
  /** Undefined for secrets. */
  readonly flag: string | undefined;
  readonly variable: string;
  /** Undefined for switches. */
  readonly value: string | undefined;
  readonly what: string;
  readonly required: boolean;
  readonly default: string | undefined;
}

export const whole = (least: number, most: number) =>
  z.coerce.number(`expected a whole number from ${least} to ${most}`).int().min(least).max(most);

export const httpUrl = z.url({ protocol: /^https?$/, error: "expected a URL that begins with http:// or https://" });

/** Comma-separated; a flag may also be repeated. */
export const listOf = <T extends z.ZodType<unknown, string>>(item: T) =>
  z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(item));

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const underscored = (name: string): string => dashed(name).replaceAll("-", "_").toUpperCase();

export function settingsOf({ schema, prefix, secret }: SettingsSchema): Setting[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, property]) => {
    const { description = "", default: usual, value } = property as Record<string, unknown>;
    return {
      name,
      flag: secret.has(name) ? undefined : dashed(name),
      variable: `${prefix}_${underscored(name)}`,
      value: value as string | undefined,
      what: description as string,
      required: required.includes(name),
      default: usual === undefined || usual === "false" ? undefined : String(usual),
    };
  });
}

/** Flag > variable > JSON file named by `--config` > default. */
export function readSettings<S extends z.ZodObject>(
  settings: SettingsSchema<S>,
  sources: SettingsSources,
): z.output<S> {
  const all = settingsOf(settings);
  const flags = readFlags(all, settings.help, sources.argv);
  const file = flags.config === undefined ? {} : readConfigFile(flags.config, sources.readFile);
  const given = new Map<string, { readonly value: unknown; readonly origin: string }>();
  for (const [name, value] of Object.entries(file)) given.set(name, { value, origin: `${flags.config}` });
  for (const { name, flag, variable } of all) {
    const fromVariable = sources.environment[variable];
    if (fromVariable !== undefined) given.set(name, { value: fromVariable, origin: variable });
    const fromFlag = flag === undefined ? undefined : flags[flag];
    if (fromFlag !== undefined) given.set(name, { value: fromFlag, origin: `--${flag}` });
  }
  const parsed = settings.schema.safeParse(Object.fromEntries([...given].map(([name, { value }]) => [name, value])));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const setting = all.find(({ name }) => name === path[0]);
    if (setting === undefined) return `${flags.config}: ${message}`;
    const { flag, variable } = setting;
    const known = given.get(setting.name);
    if (known === undefined)
      return `${flag === undefined ? variable : `--${flag} or ${variable}`}: ${setting.required ? "is missing" : message}`;
    const shown = shownValue(setting, known.value);
    return `${known.origin}: ${message}${shown === undefined ? "" : `, got ${shown}`}`;
  });
  const message = problems.length === 1 ? problems[0]! : `these settings cannot be used:\n  ${problems.join("\n  ")}`;
  throw new SettingsError("settings", message, { hint: settings.help });
}

/** A refused value as the error shows it. A key that is wrong by a letter is still a secret, and URLs hold keys too. */
function shownValue({ flag, value: standsFor }: Setting, value: unknown): string | undefined {
  if (flag === undefined) return undefined;
  if (standsFor !== "url" && standsFor !== "urls") return JSON.stringify(value);
  const urls = typeof value === "string" ? value.split(",") : [];
  const isShown = urls.length > 0 && urls.every((url) => URL.canParse(url) && new URL(url).host !== "");
  return isShown ? JSON.stringify(urls.map(shownUrl).join(",")) : undefined;
}

function readFlags(
  all: readonly Setting[],
  help: string,
  argv: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const options: Record<string, { type: "string" | "boolean"; multiple: true }> = {
    config: { type: "string", multiple: true },
  };
  for (const { flag, value } of all)
    if (flag !== undefined) options[flag] = { type: value === undefined ? "boolean" : "string", multiple: true };
  try {
    const { values } = parseArgs({ args: [...argv], options });
    return Object.fromEntries(Object.entries(values).map(([flag, given]) => [flag, (given as unknown[]).join(",")]));
  } catch (error) {
    // What follows the first sentence is about options in general.
    const [message] = (error as Error).message.split(". ");
    throw new SettingsError("settings", message ?? "unknown option", { hint: help });
  }
}

function readConfigFile(path: string, readFile: SettingsSources["readFile"]): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFile(path));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error("not an object");
  } catch (cause) {
    throw new SettingsError("settings", `${path} is no JSON object of settings`, {
      cause,
      // What follows is a piece of the file, which may hold keys.
      hint: cause instanceof SyntaxError ? cause.message.split(", ")[0]! : (cause as Error).message,
    });
  }
}
