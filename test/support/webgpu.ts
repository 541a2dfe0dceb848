import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { smallTask } from "./small-task.ts";

/** Whether a Vulkan driver answers: a graphics processor's, or one in software (`docs/operators.md`). */
export async function hasWebGpu(): Promise<boolean> {
  try {
    const session = await onnxRuntime({ threads: 1, provider: "webgpu" }).open(smallTask().graph);
    await session.close();
    return true;
  } catch {
    return false;
  }
}
