import type { Address, Hex } from "viem";
import { claimHash } from "../../common/claim.ts";
import type { Job } from "../../common/job.ts";
import { DeclinedError } from "../trace/canonical.ts";
import { type PreparedClaim, prepareClaim } from "./claim-input.ts";
import { type RunSpec, type Runs, runKeyOf } from "./runs.ts";
import { requireTally } from "./tally.ts";
import type { Work } from "./view.ts";

/** Results in the making and results ready to be claimed. Forgotten at a restart: checkpoints make it cheap to come back. */
export type Workbench = {
  readonly workOf: (spec: RunSpec) => Work;
  /** `salt`: of a claim that was bound to one before; else it gets one of its own. */
  readonly start: (spec: RunSpec, job: Job, salt?: Hex) => void;
  readonly prepared: (spec: RunSpec) => PreparedClaim;
  /** undefined: it is not any more. */
  readonly committed: (spec: RunSpec, l1Block: bigint | undefined) => void;
  /** A claim fell: its hash is used up, so the result is prepared anew before it is claimed again. */
  readonly forget: (claimHash: Hex) => void;
};

export type WorkbenchOptions = {
  readonly claimant: Address;
  readonly dataUrl: string;
  readonly salt: () => Hex;
  /** A run that failed (data not served yet, say) is tried again after this, then after twice as long, and so on. */
  readonly retryMs: number;
};

export type WorkbenchModules = {
  readonly runs: Runs;
  readonly onFailure: (spec: RunSpec, error: unknown) => void;
};

const MAX_DOUBLINGS = 6;

type Piece =
  | { readonly state: "running" }
  | { readonly state: "failed" }
  | {
      readonly state: "ready";
      readonly claimHash: Hex;
      readonly prepared: PreparedClaim;
      committedAtBlock: bigint | undefined;
    };

export function openWorkbench(options: WorkbenchOptions, { runs, onFailure }: WorkbenchModules): Workbench {
  const pieces = new Map<string, Piece>();
  const failures = new Map<string, number>();
  const keyOf = (spec: RunSpec) => `${runKeyOf(spec)}${spec.consumed?.claimHash ?? ""}`;

  async function work(spec: RunSpec, job: Job, key: string, salt: Hex): Promise<void> {
    try {
      const prepared = prepareClaim(await runs.compute(spec), {
        job,
        claimant: options.claimant,
        seed: spec.seed,
        consumed: spec.consumed?.claimHash,
        salt,
        dataUrl: options.dataUrl,
      });
      requireTally(spec.task, job, prepared);
      const hash = claimHash(prepared.claim);
      pieces.set(key, { state: "ready", claimHash: hash, prepared, committedAtBlock: undefined });
    } catch (error) {
      pieces.set(key, { state: "failed" });
      onFailure(spec, error);
      if (error instanceof DeclinedError) return; // the same bits would come out again
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      setTimeout(() => pieces.delete(key), options.retryMs * 2 ** Math.min(before, MAX_DOUBLINGS)).unref();
    }
  }

  const ready = (spec: RunSpec) => {
    const piece = pieces.get(keyOf(spec));
    if (piece?.state !== "ready") throw new Error(`no result of task ${spec.task.id} is ready`);
    return piece;
  };

  return {
    workOf: (spec) => pieces.get(keyOf(spec)) ?? { state: "none" },
    start: (spec, job, salt = options.salt()) => {
      const key = keyOf(spec);
      if (pieces.has(key)) return;
      pieces.set(key, { state: "running" });
      work(spec, job, key, salt);
    },
    prepared: (spec) => ready(spec).prepared,
    committed: (spec, l1Block) => {
      ready(spec).committedAtBlock = l1Block;
    },
    forget: (claimHash) => {
      for (const [key, piece] of pieces)
        if (piece.state === "ready" && piece.claimHash === claimHash) pieces.delete(key);
    },
  };
}
