import type { InferenceSession } from "onnxruntime-node";
import type { Provider } from "./provider.ts";

export type SessionSetup = {
  readonly provider: Provider;
  readonly threads: number;
  /** Nodes, by name, that a graphics processor would not compute alike twice. */
  readonly onCpu: readonly string[];
  /** Outputs that stay in the device's memory, to be fed to the next run. */
  readonly resident: readonly string[];
  /** Gives back what a run took of memory: slower, and for sessions of which several hold much at once. */
  readonly isLean?: boolean;
};

/** Nothing here may change a rounding: no graph optimisation, no prepacked operands (other K blocks), one thread
 * (unless the profile tolerates more), no other kernel library on ARM. */
export const optionsFor = ({
  provider,
  threads,
  onCpu,
  resident,
  isLean,
}: SessionSetup): InferenceSession.SessionOptions => ({
  executionProviders: [
    onCpu.length > 0 && provider === "webgpu" ? { name: provider, forceCpuNodeNames: onCpu } : provider,
  ],
  ...(resident.length === 0
    ? {}
    : { preferredOutputLocation: Object.fromEntries(resident.map((name) => [name, "gpu-buffer" as const])) }),
  ...(isLean ? { enableCpuMemArena: false, enableMemPattern: false } : {}),
  graphOptimizationLevel: "disabled",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: "sequential",
  logSeverityLevel: 3,
  extra: { session: { disable_prepacking: "1", intra_op: { allow_spinning: "0" } }, mlas: { disable_kleidiai: "1" } },
});
