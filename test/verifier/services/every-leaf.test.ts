import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { JOB_FLAG } from "../../../common/job.ts";
import { listNodes, type NodeInfo } from "../../../verifier/model/nodes.ts";
import type { Profile } from "../../../verifier/ops/judge.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { smallTask } from "../../support/small-task.ts";

let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(() => stage.stopAll());
afterAll(() => stage?.close());

/** One node per kind of leaf of a training step: its op and dtype. Log cannot be told from the truth by 1ulp in strict. */
function leafKinds(profile: Profile): NodeInfo[] {
  const { graph } = smallTask();
  const judged = listNodes(graph, profile).filter(
    ({ rule }) => rule !== "none" && (profile === "tolerant" || rule === "replay"),
  );
  return [...new Map(judged.map((node) => [`${node.op} ${node.type.split("[")[0]}`, node])).values()];
}

const strict = leafKinds("strict");
const tolerant = leafKinds("tolerant");

it("the kinds are those of a training step", () => {
  const ops = new Set(tolerant.map(({ op }) => op));
  for (const op of [
    "Gemm",
    "Relu",
    "Exp",
    "Log",
    "Div",
    "Sub",
    "Mul",
    "Cast",
    "Equal",
    "Greater",
    "Where",
    "Slice",
    "ReduceMax",
    "ReduceSum",
  ])
    expect(ops).toContain(op);
  expect(new Set(strict.map(({ op }) => op)).has("Log")).toBe(false);
});

/** One for each contract that judges them, unless there is time. */
const judged = ["Gemm", "Exp", "Where", "ReduceSum", "ReduceMax", "Slice"];
const tried = process.env.ANH_LONG === "1" ? strict : strict.filter(({ op }) => judged.includes(op));

describe("strict: a lie of 1 ulp in one element is proved on L1", () => {
  it.each(tried)("$op ($name)", async ({ name }) => {
    const task = stage.job({ stepRoots: true });
    await stage.execute("liar", task, liar(name));
    expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 5, node: name });
  });
});

describe.runIf(process.env.ANH_LONG === "1")("tolerant: a lie of twice the tolerance is proved on L1", () => {
  it.each(tolerant)("$op ($name)", async ({ name }) => {
    const task = stage.job({ tolerant: true });
    await stage.execute("liar", task, liar(name, { unit: "tol", factor: 2 }));
    expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 5, node: name });
  });
});

describe("tolerant, gpu column: ten tolerances of the cpu column are proved wrong on L1", () => {
  // The first product: of a gradient all terms may be 0, and then what the cpu column allows is less than the other one's flushing.
  const all = listNodes(smallTask().graph, "tolerant");
  const nodes = ["Gemm", "Exp"].map((op) => all.find((node) => node.op === op)!);
  it.each(nodes)("$op ($name)", async ({ name }) => {
    const task = stage.job({ tolerant: true, flags: JOB_FLAG.gpu });
    await stage.execute("liar", task, liar(name, { unit: "tol", factor: 10 }));
    expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 5, node: name });
  });
  it("1.4 of them, which the gpu column allows of Exp, are left alone", async () => {
    const { name } = nodes.find(({ op }) => op === "Exp")!;
    const task = stage.job({ tolerant: true, flags: JOB_FLAG.gpu });
    await stage.execute("liar", task, liar(name, { unit: "tol", factor: 1.4 }));
    expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
  });
});

describe("tolerant: half the tolerance is left alone", () => {
  it.each(tolerant.filter(({ op }) => op === "Gemm" || op === "Exp"))("$op ($name)", async ({ name }) => {
    const task = stage.job({ tolerant: true });
    await stage.execute("liar", task, liar(name, { unit: "tol", factor: 0.5 }));
    const events = stage.watch();
    expect(await checked(events, task)).toMatchObject({ finding: "right" });
    expect(events.filter(({ event, id }) => event === "challenged" && id === task.task.id)).toEqual([]);
  });
});
