import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../../../cli/paths.ts";

/** Opens a session and computes a step, in a process that nobody has told anything. */
const script = `
import { stateInput } from "${ROOT}verifier/graph/draft.ts";
import { finish } from "${ROOT}verifier/graph/finish.ts";
import { exp } from "${ROOT}verifier/ops/build.ts";
import { newDraft } from "${ROOT}verifier/ops/table.ts";
import { onnxRuntime } from "${ROOT}verifier/runtime/onnxruntime.ts";
const draft = newDraft();
const x = stateInput(draft, "x", { dtype: "float32", shape: [2] });
const graph = finish(draft, { kind: "infer", stateOutputs: [exp(draft, x)] });
const session = await onnxRuntime({ threads: 1 }).open(graph);
const { state } = await session.step([{ dtype: "float32", shape: [2], data: new Float32Array(2) }], []);
await session.close();
console.log(String(state[0].data));
`;

it("the runtime leaves no log of what it would report to its makers", () => {
  const folder = mkdtempSync(join(tmpdir(), "anh-telemetry-"));
  try {
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    const [file, temporary] = [join(folder, "step.mjs"), join(folder, "temporary")];
    writeFileSync(file, script);
    mkdirSync(temporary);
    const { stdout, status } = spawnSync(process.execPath, [file], {
      env: { ...env, TMPDIR: temporary },
      encoding: "utf8",
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "1,1\n" });
    expect(readdirSync(temporary)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
