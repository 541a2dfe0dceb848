import { expect, test } from "vitest";
import type { ServiceEvent } from "../../../cli/demo/service-log.ts";
import { jsonTeller, textTeller } from "../../../cli/demo/teller.ts";
import { inWords } from "../../../cli/demo/words.ts";

const event = (fields: Record<string, unknown>): ServiceEvent => ({ service: "challenger", ...fields });

test("a fault is told by its place, a right claim as right, an honest difference as what it is", () => {
  const wrong = { event: "checked", finding: "wrong", step: 137, op: "Gemm", node: "gemm_31", element: 146 };
  expect(inWords(event(wrong), "training B")).toBe(
    "challenger has checked: training B is wrong at step 137, Gemm gemm_31[146]",
  );
  expect(inWords(event({ event: "checked", finding: "right" }), "training A")).toBe(
    "challenger has checked: training A is right",
  );
  const differing = { event: "compared", honestWordsDiffering: 124_104 };
  expect(inWords(event(differing), "training C")).toMatch(/124,104 numbers differ .* within the bound/);
  expect(inWords(event({ event: "checked", finding: "unavailable" }), "training C")).toContain("unavailable");
});

test("what no sentence is written for is shown as it came; what only programs need is not shown", () => {
  expect(inWords(event({ event: "demanded", gasUsed: "12345" }), "training B")).toBe(
    "challenger: demanded training B (12,345 gas)",
  );
  expect(inWords(event({ event: "committed" }), "training B")).toBeNull();
});

test("people are spared an event without words, programs are not", () => {
  const lines: string[] = [];
  jsonTeller((line) => lines.push(line)).tell("service-committed", { gasUsed: 5n }, null);
  expect(lines).toEqual(['{"event":"service-committed","gasUsed":5}\n']);
  const texts: string[] = [];
  const teller = textTeller({ write: (text) => texts.push(text), isTty: false, nowMs: () => 0 });
  teller.tell("service-committed", {}, null);
  teller.tell("other", {}, "something");
  expect(texts).toEqual(["   0.0s  something\n"]);
});
