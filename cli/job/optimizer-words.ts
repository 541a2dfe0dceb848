import { AnhError } from "../../common/errors.ts";
import type { Optimizer } from "../../verifier/autodiff/optimizer.ts";
import type { Schedule } from "../../verifier/autodiff/schedule.ts";
import { positive } from "./numbers.ts";

export interface OptimizerOptions {
  /** `name:rate[,further numbers]` */
  readonly optimizer: string;
  readonly clipNorm?: string;
  readonly schedule?: string;
  readonly warmupSteps: string;
}

const EPSILON = 1e-8;
/** What frameworks take where nothing else is said. */
const DEFAULTS = { momentum: [0.9], adam: [0.9, 0.999], adamw: [0.01, 0.9, 0.999], sgd: [] } as const;
const FORMS = "sgd:rate, momentum:rate[,momentum], adam:rate[,beta1,beta2], adamw:rate[,decay,beta1,beta2]";

/** The optimizer that a user describes, over `totalSteps` steps where its rate is scheduled. */
export function optimizerFrom(options: OptimizerOptions, totalSteps: number): Optimizer {
  const { clipNorm, schedule } = options;
  return {
    ...rule(options.optimizer),
    ...(clipNorm === undefined ? {} : { clipNorm: positive("clip-norm", clipNorm) }),
    ...(schedule === undefined ? {} : { schedule: scheduleFrom(schedule, options.warmupSteps, totalSteps) }),
  };
}

function rule(words: string): Optimizer {
  const [name = "", numbers = "", ...rest] = words.split(":");
  const [rate = "", ...given] = numbers.split(",");
  if (!Object.hasOwn(DEFAULTS, name) || rest.length > 0 || rate === "") throw wrong(words);
  const kind = name as keyof typeof DEFAULTS;
  const learningRate = positive("optimizer", rate);
  const defaults = DEFAULTS[kind];
  if (given.length > defaults.length) throw wrong(words);
  const number = (index: number): number =>
    given[index] === undefined ? defaults[index]! : share("optimizer", given[index]);
  switch (kind) {
    case "sgd":
      return { kind, learningRate };
    case "momentum":
      return { kind, learningRate, momentum: number(0) };
    case "adam":
      return { kind, learningRate, beta1: number(0), beta2: number(1), epsilon: EPSILON };
    case "adamw":
      return {
        kind,
        learningRate,
        weightDecay: number(0),
        beta1: number(1),
        beta2: number(2),
        epsilon: EPSILON,
      };
  }
}

function scheduleFrom(kind: string, warmup: string, totalSteps: number): Schedule {
  if (kind !== "linear" && kind !== "cosine")
    throw new AnhError("usage", `--schedule is "${kind}"`, { expected: "linear or cosine", actual: kind });
  const warmupSteps = Number(warmup);
  if (!/^\d{1,9}$/.test(warmup) || warmupSteps >= totalSteps)
    throw new AnhError("usage", `--warmup-steps is "${warmup}"`, {
      expected: `a whole number below the ${totalSteps} steps`,
      actual: warmup,
    });
  return { kind, warmupSteps, totalSteps, floor: 0 };
}

/** From 0, below 1. */
function share(option: string, words: string): number {
  const value = words === "" ? Number.NaN : Number(words);
  if (!(value >= 0 && value < 1))
    throw new AnhError("usage", `--${option} holds "${words}"`, { expected: "from 0, below 1", actual: words });
  return value;
}

const wrong = (words: string): AnhError =>
  new AnhError("usage", `--optimizer is "${words}"`, { expected: FORMS, actual: words });
