import { expect, test } from "vitest";
import { chooseLie, isProvable, LieError, parseLie, profileOf } from "../../cli/demo/lie.ts";
import { graphsOf, trainingPlans } from "../../cli/demo/plans.ts";
import { listNodes } from "../../verifier/model/nodes.ts";

const graph = graphsOf(trainingPlans("strict")[1]!, 1).train.graph;
const nodes = listNodes(graph, "strict");

test.each([
  "",
  "1:any:2",
  "1:any:2:1ulp:3",
  "x:any:2:1ulp",
  "-1:any:2:1ulp",
  "1::2:1ulp",
  "1:any:y:1ulp",
  "1:any:2:0ulp",
  "1:any:2:0tol",
  "1:any:2:1.5ulp",
  "1:any:2:1",
  "1:any:2:NaNtol",
])("parseLie refuses %j and says the form", (text) => {
  expect(() => parseLie(text)).toThrow(LieError);
});

test("parseLie reads both amounts; ulp is told in strict, tolerances in tolerant", () => {
  const strict = parseLie("137:any:4242:3ulp");
  expect(strict).toEqual({ step: 137, node: "any", element: 4242, amount: { unit: "ulp", count: 3 } });
  expect(profileOf(strict)).toBe("strict");
  const tolerant = parseLie("0:x:1:0.5tol");
  expect(tolerant.amount).toEqual({ unit: "tol", factor: 0.5 });
  expect(profileOf(tolerant)).toBe("tolerant");
});

test.each([
  ["1:any:0:1ulp", true],
  ["1:any:0:2tol", true],
  ["1:any:0:1.000001tol", true],
  ["1:any:0:1tol", false],
  ["1:any:0:0.5tol", false],
])("isProvable: %s is %s", (text, expected) => expect(isProvable(parseLie(text))).toBe(expected));

test("chooseLie takes the element modulo the tensor's size", () => {
  const node = nodes.find(({ op }) => op === "Gemm")!;
  const size = node.type
    .match(/\[(.*)\]/)![1]!
    .split(",")
    .reduce((product, dim) => product * Number(dim), 1);
  expect(chooseLie(parseLie(`0:${node.name}:${size + 5}:1ulp`), graph, 192, 1)).toMatchObject({
    node: node.index,
    element: 5,
    elements: size,
  });
});

test("chooseLie draws `any` by the seed: always the same for one seed, not the same for all", () => {
  const drawn = (seed: number) => chooseLie(parseLie("0:any:0:1ulp"), graph, 192, seed).name;
  expect(drawn(7)).toBe(drawn(7));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => drawn(seed))).size).toBeGreaterThan(5);
});

test("chooseLie never draws a node that cannot be lied about", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { node } = chooseLie(parseLie("0:any:0:1ulp"), graph, 192, seed);
    expect(nodes[node]!.rule).toBe("replay");
  }
});

test.each([
  ["192:any:0:1ulp", /step 192/],
  ["0:nobody:0:1ulp", /does not have/],
  [`0:${nodes.find(({ op }) => op === "Log")!.name}:0:1ulp`, /judged by tolerance/],
  [`0:${nodes.find(({ rule }) => rule === "none")!.name}:0:1ulp`, /no bytes of its own/],
])("chooseLie refuses %s with the reason", (text, reason) => {
  expect(() => chooseLie(parseLie(text), graph, 192, 1)).toThrow(reason);
});
