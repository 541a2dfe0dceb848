/** What decides how output looks: a stream that may be a terminal, and the environment. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether lines may be rewritten in place: a terminal that somebody watches. */
export const isInteractive = (screen: Screen, env: Environment = process.env): boolean =>
  screen.isTTY === true && !isSet(env.CI) && env.TERM !== "dumb";

/**
 * The environment that tells a child, whose output we pass on through a pipe, whether colours are wanted. Both variables are
 * settled, because tools disagree on what a pipe means in CI, and which variable wins. https://no-color.org
 */
export function colourEnvironment(screen: Screen, env: Environment = process.env): Environment {
  const forced = isSet(env.FORCE_COLOR) && env.FORCE_COLOR !== "0";
  const wanted = !isSet(env.NO_COLOR) && (forced || isInteractive(screen, env));
  return wanted ? { FORCE_COLOR: "1", NO_COLOR: undefined } : { FORCE_COLOR: undefined, NO_COLOR: "1" };
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";
