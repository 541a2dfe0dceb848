import { AnhError } from "../common/errors.ts";

/** Exit codes of every command (sysexits where one fits; 128 + signal as shells do); docs/operators.md says when which. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 69, config: 78, interrupted: 130 } as const;

const BY_ERROR: Readonly<Record<string, number>> = {
  usage: EXIT.usage,
  settings: EXIT.usage,
  "port-taken": EXIT.unavailable,
  provider: EXIT.unavailable,
  "node-unavailable": EXIT.unavailable,
  "l1-unavailable": EXIT.unavailable,
  interrupted: EXIT.interrupted,
  "genesis-file": EXIT.config,
  "genesis-address": EXIT.config,
  "genesis-header": EXIT.config,
  "genesis-state": EXIT.config,
  "genesis-mismatch": EXIT.config,
  "chain-file": EXIT.config,
  "store-in-use": EXIT.config,
  "wrong-chain": EXIT.config,
  "wrong-l1": EXIT.config,
  "wrong-l2": EXIT.config,
  "wrong-key": EXIT.config,
  "key-file": EXIT.config,
  "snapshot-changed": EXIT.config,
  "snapshot-false": EXIT.config,
  unfunded: EXIT.config,
};

/** What a command that ended with this error says to its shell. */
export const exitCodeOf = (error: unknown): number =>
  (error instanceof AnhError ? BY_ERROR[error.code] : undefined) ?? EXIT.failed;
