import { AnhError } from "../common/errors.ts";
import { RefusedModelError } from "../verifier/model/errors.ts";

/** How files of the formats that commands take come about. */
const SOURCES = {
  ONNX: "torch.onnx.export writes one, opset 13 or newer; was this one cut off?",
  safetensors: "safetensors.torch.save_file or safetensors.numpy.save_file writes one",
} as const;

/** Runs what reads a file; what is wrong with its contents is said with the file's name. */
export function inFile<T>(file: string, format: keyof typeof SOURCES, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Nodes that cannot be run are a list of their own; anything untyped is a bug.
    if (!(error instanceof AnhError) || error instanceof RefusedModelError || error.code === "usage") throw error;
    const { code, message, expected, actual, hint = `files of ${format}: ${SOURCES[format]}` } = error;
    throw new AnhError(code, `${file}: ${message}`, { expected, actual, hint, cause: error });
  }
}
