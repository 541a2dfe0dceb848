import { describe, expect, it } from "vitest";
import { chooseLie, LieError, parseLie, refusal } from "../../../cli/demo/lie.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { listNodes } from "../../../verifier/model/nodes.ts";
import { smallTask } from "../../support/small-task.ts";

const { graph } = smallTask();
const choose = (text: string, randomSeed = 1) => chooseLie(parseLie(text), graph, 10, randomSeed);

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

describe("chooseLie", () => {
  it("takes the node by its name", () => {
    const lie = choose("9:next_weight0:7:3ulp");
    expect(valueAt(graph, graph.nodes[lie.node]!.output).name).toBe("next_weight0");
  });

  it("draws `any` from the nodes that can be lied at, the same one for the same seed", () => {
    const drawn = Array.from({ length: 50 }, (_, randomSeed) => choose("9:any:7:1ulp", randomSeed).node);
    const infos = listNodes(graph, "strict");
    expect(drawn.every((node) => refusal(infos[node]!, "strict") === undefined)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(5);
    expect(choose("9:any:7:1ulp", 7).node).toBe(drawn[7]);
  });

  const reshape = valueAt(graph, graph.nodes.find(({ op }) => op === "Reshape")!.output).name;
  const log = valueAt(graph, graph.nodes.find(({ op }) => op === "Log")!.output).name;
  it.each([
    ["a step beyond the job", "10:any:7:1ulp"],
    ["an unknown node", "1:nobody:7:1ulp"],
    ["a node without a leaf", `1:${reshape}:7:1ulp`],
    ["a node judged by tolerance in strict", `1:${log}:0:1ulp`],
  ])("refuses %s", (_, text) => {
    expect(() => choose(text)).toThrow(LieError);
  });

  it("takes a node judged by tolerance where the lie is counted in tolerances", () => {
    expect(graph.nodes[choose(`1:${log}:0:2tol`).node]!.op).toBe("Log");
  });
});
