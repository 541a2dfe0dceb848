import { AnhError } from "../../common/errors.ts";

/** Tensors that do not fit the graph they are fed to. */
export class FeedError extends AnhError {
  constructor(name: string, expected: string, actual: string) {
    super("feed", `${name}: expected ${expected}, got ${actual}`, { expected, actual });
  }
}

/** The executor refused a model or failed while running it. */
export class RuntimeError extends AnhError {
  constructor(what: string, cause: unknown) {
    super("runtime", `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const PROVIDER_HINTS: Readonly<Record<string, string>> = {
  webgpu:
    "It needs a Vulkan loader (libvulkan.so.1) and the driver of a graphics processor; `vulkaninfo --summary` shows what there is. " +
    "Or run with --provider cpu.",
  cuda:
    "It needs NVIDIA's driver, CUDA and cuDNN, and onnxruntime-node's CUDA files, which only an install with " +
    "ONNXRUNTIME_NODE_INSTALL=cuda12 brings. Or run with --provider webgpu or cpu.",
};

/** No session of this provider can be had on this machine. */
export class ProviderError extends AnhError {
  constructor(provider: string, cause: unknown) {
    const [message] = (cause instanceof Error ? cause.message : String(cause)).split("\n") as [string];
    // Behind where in its source a condition was false the library says which.
    super("provider", `onnxruntime has no ${provider} here: ${message.replace(/^.* was false\. /, "")}`, {
      actual: provider,
      hint: PROVIDER_HINTS[provider] ?? "Run with --provider cpu.",
      cause,
    });
  }
}

/** A provider's results are not those that claims can be made of. */
export class DoctorError extends AnhError {
  constructor(what: string, expected: string, actual: string) {
    super("doctor", `this executor would lose its claims: ${what}`, {
      expected,
      actual,
      hint: "Run with --provider cpu, and tell the provider's driver and version.",
    });
  }
}

/** This machine's arithmetic is not the one that claims are judged by. */
export class HostError extends AnhError {
  constructor(what: string, expected: string, actual: string) {
    super("host", `this host cannot execute claims: ${what}`, {
      expected,
      actual,
      hint: "Run the executor on an x86-64 CPU with FMA, or on ARM64, with denormals enabled.",
    });
  }
}
