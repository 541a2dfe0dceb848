import { describe, expect, it } from "vitest";
import { openWaits } from "../../../verifier/dispute/waits.ts";
import type { Runtime } from "../../../verifier/runtime/runtime.ts";

describe("what a turn waits for", () => {
  const open = (signal = new AbortController().signal) => {
    const clock = { ms: 0 };
    const waits = openWaits(signal, () => clock.ms);
    const answers: PromiseWithResolvers<string>[] = [];
    const later = () => {
      answers.push(Promise.withResolvers<string>());
      return answers.at(-1)!.promise;
    };
    return { clock, waits, answers, source: waits.serving({ ask: later }), later };
  };

  it("counts while it waits, once for all that it waits for", async () => {
    const { clock, waits, answers, source } = open();
    clock.ms = 5000;
    expect([waits.isWaiting(), waits.seconds()]).toEqual([false, 0]);
    const both = [source.ask(), source.ask()];
    clock.ms = 7000;
    expect([waits.isWaiting(), waits.seconds()]).toEqual([true, 2]);
    for (const answer of answers) answer.resolve("here");
    expect(await Promise.all(both)).toEqual(["here", "here"]);
    clock.ms = 9000;
    expect([waits.isWaiting(), waits.seconds()]).toEqual([false, 2]);
  });

  it("does not count while something is computed beside", async () => {
    const { clock, waits, answers, source, later } = open();
    const runtime = { name: "any", open: async () => ({ step: later }) } as unknown as Runtime;
    const session = await waits.computing(runtime).open({} as never);
    const asked = source.ask();
    clock.ms = 1000;
    const computed = session.step({} as never, {} as never);
    clock.ms = 9000;
    expect([waits.isWaiting(), waits.seconds()]).toEqual([false, 1]);
    answers[1]!.resolve("computed");
    await computed;
    clock.ms = 10_000;
    expect([waits.isWaiting(), waits.seconds()]).toEqual([true, 2]);
    answers[0]!.reject(new Error("not served"));
    await expect(asked).rejects.toThrow("not served");
    expect(waits.isWaiting()).toBe(false);
  });

  it("ends with its turn, whoever is deaf to that", async () => {
    const turn = new AbortController();
    const { waits, source } = open(turn.signal);
    const asked = source.ask();
    turn.abort(new Error("over"));
    await expect(asked).rejects.toThrow("over");
    await expect(source.ask()).rejects.toThrow("over");
    expect(waits.isWaiting()).toBe(false);
  });
});
