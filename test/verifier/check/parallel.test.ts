import type { Hex } from "viem";
import { afterAll, describe, expect, it } from "vitest";
import { AnhError } from "../../../common/errors.ts";
import { type ClaimSubject, checkClaim } from "../../../verifier/check/claim.ts";
import { checkSegments, withCheckers } from "../../../verifier/check/parallel.ts";
import { chosenBy, parsePolicy } from "../../../verifier/check/policy.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { serveClaim } from "../../support/served-claim.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";

const runtime = onnxRuntime({ threads: 1 });
const strict = smallTask({ steps: 22, segmentSteps: 4 });
const traced = smallTask({ steps: 22, segmentSteps: 4, stepRoots: true });
const tolerant = smallTask({ steps: 22, segmentSteps: 4, tolerant: true });
const SEGMENTS = [0, 1, 2, 3, 4, 5];
const all = () => true;

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function claimOf(task: SmallTask, steps: Steps, hidden: readonly number[] = []): Promise<ClaimSubject> {
  const { subject, stop } = await serveClaim(task, steps, hidden);
  stops.push(stop);
  return subject;
}

const honest = async (task: SmallTask, hidden: readonly number[] = []) =>
  claimOf(task, stepsOf(await runtime.open(task.graph)), hidden);
const liar = async (task: SmallTask, step: number) => {
  const node = task.graph.nodes.findIndex(({ op }) => op === "Exp");
  return claimOf(
    task,
    await lyingSteps(task.graph, runtime, { step, node, element: 3, amount: { unit: "ulp", count: 4096 } }),
  );
};
const unopened = async () => undefined;
const inParallel = (subject: ClaimSubject, count: number, chosen: (segment: number) => boolean = all) =>
  withCheckers(runtime, subject.inputs, count, async (checkers) => {
    const looked: number[] = [];
    const finding = await checkSegments(subject, checkers, unopened, { chosen, onSegment: (i) => looked.push(i) });
    return { finding, looked: looked.sort() };
  });

describe("segments checked beside each other", () => {
  it.each([
    ["strict", strict],
    ["strict with step roots", traced],
    ["tolerant", tolerant],
  ])("find an honest claim right in %s, with its end", async (_, task) => {
    const subject = await honest(task);
    const { finding, looked } = await inParallel(subject, 3);
    expect(looked).toEqual(SEGMENTS);
    const alone = await withCheckers(runtime, task, 1, ([modules]) => checkClaim(subject, modules!, unopened));
    expect(finding).toEqual(alone);
    expect(finding.kind).toBe("right");
  });

  it.each([1, 3])("find with %i checkers the lie that one after the other finds", async (count) => {
    const subject = await liar(traced, 14);
    const { finding } = await inParallel(subject, count);
    expect(finding).toMatchObject({ kind: "wrong", segment: 3, wrong: { step: 2, violation: { kind: "element" } } });
  });

  it("say of a lie without step roots that its segment must be opened", async () => {
    const { finding } = await inParallel(await liar(strict, 14), 2);
    expect(finding).toEqual({ kind: "closed", segment: 3 });
  });

  it("say that a start is not served, unless another segment is wrong", async () => {
    expect((await inParallel(await honest(strict, [8]), 2)).finding.kind).toBe("unavailable");
    expect((await inParallel(await honest(strict, [8]), 2, (segment) => segment !== 2)).finding.kind).toBe("right");
  });

  it("look at no segment that was not chosen, and end where the claim ends", async () => {
    const subject = await liar(strict, 14);
    const spared = await inParallel(subject, 2, (segment) => segment < 3);
    expect(spared.looked).toEqual([0, 1, 2]);
    expect(spared.finding.kind).toBe("right");
    expect((await inParallel(subject, 2, (segment) => segment === 3)).finding.kind).toBe("closed");
  });
});

describe("a policy", () => {
  const [mine, other, claim]: Hex[] = [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`, `0x${"33".repeat(32)}`];
  const drawn = (words: string, secret = mine!, of = claim!) => {
    const chosen = chosenBy(parsePolicy(words), secret, of);
    return Array.from({ length: 2000 }, (_, i) => i).filter(chosen);
  };

  it.each(["", "ALL", "sample", "sample 0", "sample 1.1", "sample -0.5", "sample 1e-3", "sample 0.5 "])(
    "%j is refused",
    (words) => {
      expect(() => parsePolicy(words)).toThrow(AnhError);
    },
  );

  it("takes all, or about the share it names", () => {
    expect(drawn("all")).toHaveLength(2000);
    expect(drawn("sample 1")).toHaveLength(2000);
    expect(drawn("sample 0.1").length).toBeGreaterThan(150);
    expect(drawn("sample 0.1").length).toBeLessThan(250);
  });

  it("draws the same again, and others for another secret or claim", () => {
    expect(drawn("sample 0.1")).toEqual(drawn("sample 0.1"));
    expect(drawn("sample 0.1", other)).not.toEqual(drawn("sample 0.1"));
    expect(drawn("sample 0.1", mine, other)).not.toEqual(drawn("sample 0.1"));
  });
});
