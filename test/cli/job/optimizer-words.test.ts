import { describe, expect, test } from "vitest";
import { optimizerFrom } from "../../../cli/job/optimizer-words.ts";

describe("an optimizer in words", () => {
  const from = (optimizer: string, rest = {}) => optimizerFrom({ optimizer, warmupSteps: "0", ...rest }, 100);
  test.each([
    "",
    "adam",
    "adam:",
    "adam:x",
    "adam:0",
    "adam:-1",
    "adam:1e-50",
    "toString:1",
    "sgd:1,2",
    "adam:1,1",
    "adam:1,2,3,4",
    "momentum:0.1,",
    "sgd:1:2",
  ])("%j is refused", (words) => {
    expect(() => from(words)).toThrow(/--optimizer/);
  });
  test.each([
    ["a schedule nobody knows", { schedule: "step" }, /--schedule/],
    ["a warm-up as long as the training", { schedule: "linear", warmupSteps: "100" }, /--warmup-steps/],
    ["a norm of nothing", { clipNorm: "0" }, /--clip-norm/],
  ])("%s is refused", (_, rest, message) => {
    expect(() => from("sgd:1", rest)).toThrow(message);
  });
  test("what is left out is what frameworks take", () => {
    expect(from("sgd:0.1")).toEqual({ kind: "sgd", learningRate: 0.1 });
    expect(from("momentum:1/4")).toEqual({ kind: "momentum", learningRate: 0.25, momentum: 0.9 });
    expect(from("adam:1e-3,0.8")).toEqual({
      kind: "adam",
      learningRate: 0.001,
      beta1: 0.8,
      beta2: 0.999,
      epsilon: 1e-8,
    });
    expect(from("adamw:0.1,0", { clipNorm: "1", schedule: "cosine", warmupSteps: "99" })).toEqual({
      kind: "adamw",
      learningRate: 0.1,
      weightDecay: 0,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      clipNorm: 1,
      schedule: { kind: "cosine", warmupSteps: 99, totalSteps: 100, floor: 0 },
    });
  });
});
