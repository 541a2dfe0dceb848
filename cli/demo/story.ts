import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Address, Hex } from "viem";
import { evaluateId, inferId } from "../../common/job.ts";
import { digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { tensorUploads } from "../../verifier/model/uploads.ts";
import { untilSignal } from "../../verifier/signal.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { datasetRoot } from "../../verifier/trace/dataset.ts";
import { InterruptedError } from "../child.ts";
import { devAccount, type Role } from "../stack/accounts.ts";
import { type Stack, startReplica, startStack } from "../stack/stack.ts";
import { until } from "../stack/until.ts";
import { type Cast, openCast } from "./cast.ts";
import { ask, deployClassifier, readAnswers, submitTrainings, uploadAll } from "./chapters/dapp.ts";
import { fundUser, spendSome } from "./chapters/money.ts";
import { awaitOverturn, blockHashes, type Overturn } from "./chapters/overturn.ts";
import { redeemCredit, refuseEarlyStateClaim, withdrawTwice } from "./chapters/settlement.ts";
import { executed, FINAL, watchJobs } from "./chapters/watch.ts";
import { chooseLie, isProvable, type LieRequest, profileOf } from "./lie.ts";
import { type PlannedTraining, planTraining, trainingPlans } from "./plans.ts";
import { openServiceLog } from "./service-log.ts";
import { type Outcome, summarize } from "./summary.ts";
import type { Teller } from "./teller.ts";

export interface StoryOptions {
  readonly dataDir: string;
  readonly l1Port: number;
  readonly l2Port: number;
  readonly lie: LieRequest;
  readonly randomSeed: number;
}

const RESULT_MS = 240_000;
const DEADLINE_SECONDS = 3_600n;
/** The test image that is classified: the first one. */
const IMAGE = 0;

/** The whole story on a stack of its own, told as it happens; the stack is gone when it ends. */
export async function tellStory(options: StoryOptions, teller: Teller): Promise<Outcome> {
  const names = new Map<unknown, string>();
  const services = openServiceLog(teller, (id) => names.get(id));
  const signalled = interrupted(options.dataDir);
  const stack = await startStack(options, { events: services.supervisorEvents });
  try {
    const cast = openCast(stack, teller, services);
    return await Promise.race([chapters(options, cast, names), stack.supervisor.failed, signalled]);
  } finally {
    await stack.stop();
  }
}

function interrupted(dataDir: string): Promise<never> {
  const rejected = untilSignal().then(() => {
    throw new InterruptedError("the demo", `all its processes were stopped; data and logs stay in ${dataDir}`);
  });
  // It may come while nobody awaits it yet.
  rejected.catch(() => {});
  return rejected;
}

async function chapters(options: StoryOptions, cast: Cast, names: Map<unknown, string>): Promise<Outcome> {
  const { stack, teller, services } = cast;
  const replicaUrl = await startReplica(stack, options.dataDir);
  await fundUser(cast);
  await spendSome(cast);
  const dapp = await deployClassifier(cast);

  const { trainings, lie, image, testDigits, ids } = await prepare(options, cast, dapp, names);
  const [a, b, c] = trainings;
  await submitTrainings(cast, dapp, trainings);
  startExecutors(stack, options, lie, { a, b, c });
  const questions = await ask(cast, dapp, { a: a.modelId, b: b.modelId, c: c.modelId }, image, testDigits);
  const transactions = new Map([
    [questions.classifyA, "classify with A"],
    [questions.classifyB, "classify with B"],
    [questions.classifyC, "classify with C"],
    [questions.evaluateA, "evaluate A"],
  ]);
  const watcher = watchJobs(cast, names as Map<Hex, string>, transactions);

  // The challenger comes when the lie has been used, so that the story shows state being derived anew.
  await executed(cast, questions.classifyB, "classify with B", ["executed-soft"], RESULT_MS);
  const softAnswer = await readAnswers(cast, dapp, b.modelId);
  const before = await blockHashes(cast);
  startChallenger(stack);
  const stateClaimRefused = await refuseEarlyStateClaim(cast);
  teller.tell(
    "watching",
    { lieIsProvable: isProvable(options.lie) },
    isProvable(options.lie)
      ? "B's answer is in use, and rests on the lie; now the challenger computes the claimed steps itself"
      : "B's answer is in use; its lie is within what honest machines differ by, so nothing should happen to it",
  );
  const overturn: Overturn | undefined = isProvable(options.lie)
    ? await awaitOverturn(cast, b.modelId, before)
    : undefined;
  // A cheat that lost its bond is gone; the honest executor trains B anew.
  if (overturn !== undefined) await stack.supervisor.stopService("liar");

  const [seconds, secondsB] = [a.job.windowSeconds, b.job.windowSeconds];
  teller.tell(
    "windows",
    { seconds, secondsB },
    `now the windows run: a result is final when nobody has proven it wrong for ${seconds} s after its claim (B: ${secondsB} s)`,
  );
  await executed(cast, questions.classifyA, "classify with A", FINAL, RESULT_MS);
  await executed(cast, questions.evaluateA, "evaluate A", FINAL, RESULT_MS);
  await executed(cast, questions.classifyC, "classify with C", FINAL, RESULT_MS);
  await executed(cast, questions.classifyB, "classify with B", FINAL, RESULT_MS);
  await until("all trainings are final", RESULT_MS, async () =>
    trainings.every(({ modelId }) => watcher.timelines.get(modelId)?.finalAt !== undefined),
  );
  const answersA = await readAnswers(cast, dapp, a.modelId);
  teller.tell(
    "answers",
    { softAnswer, answersA },
    `A reads ${answersA.label} (label ${testDigits.labels[IMAGE]}); right on ${answersA.correct} of ${answersA.total}`,
  );

  const redeemedWei = await redeemCredit(cast);
  const withdrawal = await withdrawTwice(cast, 0n);
  await watcher.stop();
  return summarize(cast, {
    trainings,
    ids,
    questions,
    lie,
    lieIsProvable: isProvable(options.lie),
    overturn,
    answersA,
    label: testDigits.labels[IMAGE] as number,
    testDigits,
    replicaUrl,
    withdrawal,
    redeemedWei,
    stateClaimRefused,
    watcher,
    dataUrls: [...services.filter(({ event }) => event === "ready").map(({ dataUrl }) => dataUrl), stack.l2Url].filter(
      (url): url is string => typeof url === "string",
    ),
  });
}

/** Plans and uploads everything. MNIST's 60,000 training images are the network's after that, and no longer held here. */
async function prepare(options: StoryOptions, cast: Cast, dapp: Address, names: Map<unknown, string>) {
  const { stack, l2 } = cast;
  const { train, test } = await loadMnist();
  const [trainSet, testSet] = [digitsDataset(train), digitsDataset(test)];
  const { timestamp } = await l2.client.getBlock();
  const trainings = trainingPlans(profileOf(options.lie)).map((plan) =>
    planTraining(plan, {
      l2ChainId: stack.chain.l2ChainId,
      requester: dapp,
      dataset: trainSet,
      deadline: timestamp + DEADLINE_SECONDS,
      randomSeed: options.randomSeed,
    }),
  ) as [PlannedTraining, PlannedTraining, PlannedTraining];
  const [a, b, c] = trainings;
  const lie = chooseLie(options.lie, b.graphs.train.graph, b.plan.steps, options.randomSeed);
  await uploadAll(cast, [
    ...trainings.flatMap(({ uploads }) => uploads),
    ...tensorUploads(trainSet.tensors),
    ...tensorUploads(testSet.tensors),
  ]);
  const image = test.images.slice(IMAGE * 784, (IMAGE + 1) * 784);
  const inputRoot = tensorRoot(image);
  const ids = {
    classifyA: inferId(a.modelId, inputRoot),
    classifyB: inferId(b.modelId, inputRoot),
    classifyC: inferId(c.modelId, inputRoot),
    evaluateA: evaluateId(a.modelId, datasetRoot(testSet), testSet.rows),
  };
  for (const { plan, modelId } of trainings) names.set(modelId, `training ${plan.name}`);
  names.set(ids.classifyA, "inference with A");
  names.set(ids.classifyB, "inference with B");
  names.set(ids.classifyC, "inference with C");
  names.set(ids.evaluateA, "evaluation of A");
  return { trainings, lie, image, testDigits: test, ids };
}

/** Honest ones for A and C, a cheat for B; once B was overturned the honest one trains it as well. */
function startExecutors(
  stack: Stack,
  options: StoryOptions,
  lie: object,
  { a, b, c }: Readonly<Record<"a" | "b" | "c", PlannedTraining>>,
): void {
  const start = (name: string, role: Role, script: string, args: readonly string[], env: Record<string, string> = {}) =>
    stack.supervisor.start({
      name,
      script,
      args: [...stack.serviceArgs(name), ...args],
      env: { ANH_KEY: devAccount(role).privateKey, ...env },
    });
  const salts = (...jobs: readonly PlannedTraining[]) => jobs.flatMap(({ job }) => ["--salt", job.salt]);
  const liesFile = join(options.dataDir, "lies.json");
  writeFileSync(liesFile, JSON.stringify({ [b.modelId]: lie }));
  start("liar", "liar", "cli/demo/liar-main.ts", ["--kind", "train", ...salts(b)], { ANH_LIES: liesFile });
  start("executor", "executor", "verifier/executor-main.ts", [...salts(a, b), "--after-overturn", b.job.salt]);
  start("tolerant-executor", "tolerantExecutor", "verifier/executor-main.ts", [...salts(c), "--threads", "2"]);
}

const startChallenger = (stack: Stack): void =>
  stack.supervisor.start({
    name: "challenger",
    script: "verifier/challenger-main.ts",
    args: stack.serviceArgs("challenger"),
    env: { ANH_KEY: devAccount("challenger").privateKey },
  });
