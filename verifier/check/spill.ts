import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ValueId } from "../graph/graph.ts";
import { bytesOf, fromBytes, type Tensor, type TensorType } from "../tensor/tensor.ts";

/** Values of a step that are not kept in memory. */
export type Spill = {
  readonly put: (id: ValueId, tensor: Tensor) => Promise<void>;
  /** Of a value that was put. */
  readonly get: (id: ValueId, type: TensorType) => Promise<Tensor>;
  readonly close: () => Promise<void>;
};

/** In a file without a name, which is gone with the process, however that ends. */
export async function openSpill(): Promise<Spill> {
  const folder = await mkdtemp(join(tmpdir(), "anh-step-"));
  const file = await open(join(folder, "values"), "wx+");
  await rm(folder, { recursive: true });
  const places = new Map<ValueId, { readonly at: number; readonly length: number }>();
  let end = 0;
  return {
    put: async (id, tensor) => {
      const bytes = bytesOf(tensor);
      const at = end;
      end += bytes.length;
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      places.set(id, { at, length: bytes.length });
    },
    get: async (id, type) => {
      const { at, length } = places.get(id)!;
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, at + done);
        if (bytesRead === 0) throw new Error(`a step's values end ${length - done} bytes early`);
        done += bytesRead;
      }
      return fromBytes(type, bytes);
    },
    close: () => file.close(),
  };
}
