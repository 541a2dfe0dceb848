import { describe, expect, it } from "vitest";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { LieError, lieCandidates, parseLie, resolveLie } from "../../support/lies.ts";
import { smallTask } from "../../support/small-task.ts";

const { graph } = smallTask();
const context = { graph, profile: "strict", steps: 10, randomSeed: 1 } as const;

describe("parseLie", () => {
  it("reads ulps and tolerances", () => {
    expect(parseLie("5:any:7:1ulp")).toEqual({ step: 5, node: "any", element: 7, amount: { unit: "ulp", count: 1 } });
    expect(parseLie("0:loss:0:0.5tol").amount).toEqual({ unit: "tol", factor: 0.5 });
  });

  it.each([
    "",
    "5",
    "5:any:7",
    "5:any:7:1",
    "5:any:7:0ulp",
    "5:any:7:-1ulp",
    "-1:any:7:1ulp",
    "5::7:1ulp",
    "5:any:7:1ulp:x",
    "a:any:7:1ulp",
  ])("refuses %j", (text) => {
    expect(() => parseLie(text)).toThrow(LieError);
  });
});

describe("resolveLie", () => {
  it("takes the node by its name", () => {
    const lie = resolveLie(parseLie("9:next_weight0:7:3ulp"), context);
    expect(valueAt(graph, graph.nodes[lie.node]!.output).name).toBe("next_weight0");
  });

  it("draws `any` from the nodes that can be lied at, the same one for the same seed", () => {
    const spec = parseLie("9:any:7:1ulp");
    const drawn = Array.from({ length: 50 }, (_, randomSeed) => resolveLie(spec, { ...context, randomSeed }).node);
    const candidates = lieCandidates(graph, "strict").map(({ index }) => index);
    expect(drawn.every((node) => candidates.includes(node))).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(5);
    expect(resolveLie(spec, { ...context, randomSeed: 7 }).node).toBe(drawn[7]);
  });

  const reshape = valueAt(graph, graph.nodes.find(({ op }) => op === "Reshape")!.output).name;
  const log = valueAt(graph, graph.nodes.find(({ op }) => op === "Log")!.output).name;
  it.each([
    ["a step beyond the job", "10:any:7:1ulp"],
    ["an unknown node", "1:nobody:7:1ulp"],
    ["a node without a leaf", `1:${reshape}:7:1ulp`],
    ["a node judged by tolerance in strict", `1:${log}:0:1ulp`],
    ["tolerances in strict", "1:any:7:2tol"],
  ])("refuses %s", (_, text) => {
    expect(() => resolveLie(parseLie(text), context)).toThrow(LieError);
  });

  it("takes a node judged by tolerance in tolerant, where ulps are refused", () => {
    const tolerant = { ...context, profile: "tolerant" } as const;
    expect(graph.nodes[resolveLie(parseLie(`1:${log}:0:2tol`), tolerant).node]!.op).toBe("Log");
    expect(() => resolveLie(parseLie(`1:${log}:0:1ulp`), tolerant)).toThrow(LieError);
  });
});
