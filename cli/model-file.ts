import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { AnhError } from "../common/errors.ts";
import type { ExternalData } from "../verifier/model/onnx/tensors.ts";
import { wholeNumber } from "./whole-number.ts";

/** A model as it lies on a disk, and what its reader says of its symbolic dimensions. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly external: ExternalData;
  readonly dimensions: Readonly<Record<string, number>>;
}

/** @param dim words like `sequence=128` */
export const modelFile = (file: string, dim: readonly string[]): ModelFile => ({
  bytes: readFile(file, "an ONNX file"),
  external: (location) => readBeside(file, location),
  dimensions: Object.fromEntries(dim.map(dimension)),
});

/** A file that a command was given by name. */
export function readFile(file: string, expected: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AnhError("usage", `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      expected,
      actual: file,
      cause,
    });
  }
}

/** Tensors kept in files of their own lie beside the model; a model that names others is not obeyed. */
function readBeside(file: string, location: string): Uint8Array | undefined {
  const folder = realpathSync(dirname(file));
  try {
    const path = realpathSync(join(folder, location));
    return path.startsWith(folder + sep) ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function dimension(words: string): [string, number] {
  const [name, size, ...rest] = words.split("=");
  if (name === undefined || name === "" || size === undefined || rest.length > 0)
    throw new AnhError("usage", `--dim is "${words}"`, { expected: "<name>=<size>, e.g. sequence=128", actual: words });
  return [name, wholeNumber("dim", size)];
}
