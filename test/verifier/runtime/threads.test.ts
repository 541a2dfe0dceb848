import { setImmediate } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { RuntimeError } from "../../../verifier/runtime/errors.ts";
import { takeThread } from "../../../verifier/runtime/threads.ts";
import { float32 } from "../../../verifier/tensor/tensor.ts";
import { ONE_THREAD } from "../../support/one-thread.ts";
import { model, node, port } from "../../support/onnx-model.ts";

const x = float32([1, 5], [1, -2, 3, -4, 5]);
const unary = (op: string) => model([node(op, ["x"], "y")], [], 17, { input: [port("x", ["batch", 5])] });
const run = async (op: string): Promise<readonly number[]> => {
  const thread = takeThread();
  await thread.load("model", unary(op), ONE_THREAD);
  const { y } = await thread.run("model", { x }, ["y"]);
  await thread.close();
  return [...(y!.data as Float32Array)];
};

describe("an executor thread", () => {
  it("refuses a model that onnxruntime refuses, and lives", async () => {
    const thread = takeThread();
    await expect(thread.load("model", Uint8Array.of(1, 2, 3), ONE_THREAD)).rejects.toThrow(RuntimeError);
    await expect(thread.run("absent", {}, [])).rejects.toThrow(RuntimeError);
    await thread.load("model", unary("Neg"), ONE_THREAD);
    await expect(thread.run("model", { x }, ["y"])).resolves.toHaveProperty("y");
    await thread.close();
  });

  it("takes nothing after it was closed, although its worker goes on for another", async () => {
    const first = takeThread();
    await first.load("model", unary("Neg"), ONE_THREAD);
    await first.close();
    const second = takeThread();
    await second.load("model", unary("Abs"), ONE_THREAD);
    await expect(first.run("model", { x }, ["y"])).rejects.toThrow(/closed/);
    await expect(first.load("model", unary("Neg"), ONE_THREAD)).rejects.toThrow(RuntimeError);
    await first.close(); // twice is once: the worker is not the first one's to clear any more
    await expect(second.run("model", { x }, ["y"])).resolves.toHaveProperty("y");
    await second.close();
  });

  it("knows no model of the one before it", async () => {
    expect(await run("Neg")).toEqual([-1, 2, -3, 4, -5]);
    const thread = takeThread();
    await expect(thread.run("model", { x }, ["y"])).rejects.toThrow(RuntimeError);
    await thread.close();
    expect(await run("Abs")).toEqual([1, 2, 3, 4, 5]);
  });

  it("finishes what it was asked before it was closed", async () => {
    const thread = takeThread();
    const loaded = thread.load("model", unary("Neg"), ONE_THREAD);
    const answered = thread.run("model", { x }, ["y"]);
    await thread.close();
    await loaded;
    expect((await answered).y!.data).toEqual(Float32Array.of(-1, 2, -3, 4, -5));
  });

  it("whose worker died fails what is asked of it, closes all the same, and serves nobody after", async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker): void => void workers.push(worker);
    process.on("worker", note);
    // Those that others left, four at most, come first.
    const taken = Array.from({ length: 5 }, takeThread);
    await setImmediate();
    process.off("worker", note);
    const dying = taken.pop()!;
    await dying.load("model", unary("Neg"), ONE_THREAD);
    await workers.at(-1)!.terminate();
    await expect(dying.run("model", { x }, ["y"])).rejects.toThrow(/ended with code/);
    await dying.close();
    await Promise.all(taken.map((thread) => thread.close()));
    expect(await run("Abs")).toEqual([1, 2, 3, 4, 5]);
  });

  it("serves as many sessions at once as there are", async () => {
    const many = Array.from({ length: 9 }, takeThread);
    for (const [i, thread] of many.entries())
      await thread.load("model", unary(i % 2 === 0 ? "Neg" : "Abs"), ONE_THREAD);
    const outputs = await Promise.all(many.map((thread) => thread.run("model", { x }, ["y"])));
    expect(outputs.map(({ y }) => y!.data[0])).toEqual([-1, 1, -1, 1, -1, 1, -1, 1, -1]);
    await Promise.all(many.map((thread) => thread.close()));
  });
});
