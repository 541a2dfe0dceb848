import { type AuditModules, auditStateClaims, type FalseStateClaim } from "./audit.ts";

export interface AuditorOptions {
  /** Pause between looks at what was posted. */
  readonly intervalMs: number;
}

export interface AuditorModules extends AuditModules {
  readonly onFalse: (claim: FalseStateClaim) => void;
  readonly onTrouble: (trouble: { readonly error: unknown }) => void;
}

/**
 * Compares every state claim on L1 with what this node derives, and tells of false ones. State claims cannot be disputed
 * yet (P8.1), so this is what stands between a false one and people who would act on it. It executes what was claimed:
 * a node that must execute nothing does not run it.
 */
export class Auditor {
  readonly #options: AuditorOptions;
  readonly #modules: AuditorModules;
  #checkedTo = 0n;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: AuditorOptions, modules: AuditorModules) {
    this.#options = options;
    this.#modules = modules;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.look().finally(() => {
        if (!this.#stopped) this.start();
      });
    }, this.#options.intervalMs);
  }

  async look(): Promise<void> {
    try {
      const { checkedTo, wrong } = await auditStateClaims(this.#modules, this.#checkedTo);
      this.#checkedTo = checkedTo;
      for (const claim of wrong) this.#modules.onFalse(claim);
    } catch (error) {
      if (!this.#stopped) this.#modules.onTrouble({ error });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }
}
