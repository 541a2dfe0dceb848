import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { AnhError } from "../../../common/errors.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";

/** No Python with PyTorch on this machine, or it died. */
export class PeerError extends AnhError {}

/** Debian's python3-torch is for the system's own Python. */
const PYTHON = process.env.ANH_TORCH_PYTHON ?? "/usr/bin/python3";

/** Whether there is a PyTorch to compare with: it is no part of an installation. */
export const hasTorch = (): boolean => spawnSync(PYTHON, ["-c", "import torch"]).status === 0;

/** Whether it has a graphics processor of its own. */
export const hasTorchCuda = (): boolean =>
  spawnSync(PYTHON, ["-c", "import sys, torch; sys.exit(not torch.cuda.is_available())"]).status === 0;

export type Torch = {
  readonly ask: <Answer>(request: object) => Promise<Answer>;
  readonly close: () => void;
};

/** A process of PyTorch that serves `serve.py`'s calls one after the other. Throws `PeerError` where there is none. */
export function openTorch(): Torch {
  const script = new URL("./serve.py", import.meta.url).pathname;
  const child = spawn(PYTHON, [script], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const missing = new Promise<never>((_, reject) =>
    child.once("error", (cause) =>
      reject(
        new PeerError("peer", `${PYTHON} cannot be started`, {
          cause,
          hint: "install python3-torch, or name another Python by ANH_TORCH_PYTHON",
        }),
      ),
    ),
  );
  missing.catch(() => {});
  return {
    ask: async <Answer>(request: object) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await Promise.race([lines.next(), missing]);
      if (done)
        throw new PeerError("peer", "the process of PyTorch ended", {
          hint: "install python3-torch, or name another Python by ANH_TORCH_PYTHON; its own words are above",
        });
      return JSON.parse(value) as Answer;
    },
    close: () => child.kill(),
  };
}

export const wireOf = (tensor: Tensor): object => ({
  dtype: tensor.data instanceof Float64Array ? "float64" : tensor.dtype,
  shape: tensor.shape,
  base64: Buffer.from(bytesOf(tensor)).toString("base64"),
});
