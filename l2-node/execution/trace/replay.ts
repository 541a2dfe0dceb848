import type { Hex } from "viem";
import { BlockRunner, type Finished } from "../block.ts";
import { blockHashes } from "../derive.ts";
import { type DnnAttempt, runDnn } from "../dnn.ts";
import { AnhEvm, type EvmCommon } from "../evm.ts";
import { receiptsOf } from "../receipts.ts";
import type { RunResult } from "../run.ts";
import type { BlockSource, IncludedTransaction } from "../source.ts";
import { WorldState } from "../state.ts";
import type { ExecutionStore } from "../store.ts";
import { openBudget, openTracer, type TraceOptions, type Tracer } from "./tracer.ts";

export interface TransactionTrace {
  readonly transactionHash: Hex;
  /** In the form that the debug_ namespace gives it. */
  readonly result: unknown;
}

export interface ReplayModules {
  readonly source: BlockSource;
  readonly store: ExecutionStore;
  readonly common: EvmCommon;
  /** Called between transactions; may throw to give up. */
  readonly pause: () => Promise<void>;
}

/**
 * Executes an executed block once more and traces what ended in it: a transaction that waited is traced where it resumed,
 * as its receipt has it. `only` one of them, or all in the order of their receipts.
 */
export async function replayBlock(
  { source, store, common, pause }: ReplayModules,
  number: bigint,
  options: TraceOptions,
  only?: Hex,
): Promise<readonly TransactionTrace[]> {
  const block = source.block(number);
  if (block === undefined) return [];
  const state = new WorldState(store.at(number - 1n));
  const budget = openBudget();
  let attempt: DnnAttempt | undefined;
  const evm = new AnhEvm(common, state, blockHashes(source), (call) => runDnn(attempt!, call));
  const tracers = new Map<Hex, { tracer: Tracer; run: RunResult }>();
  const open = ({ transaction }: IncludedTransaction) =>
    openTracer(
      options,
      { message: { ...transaction, from: transaction.sender }, gasLimit: transaction.gasLimit },
      budget,
    );
  const byHash = new Map<Hex, IncludedTransaction>();

  const runner = new BlockRunner(block, {
    state,
    evm,
    source: {
      ...source,
      block: (at) => {
        const earlier = source.block(at);
        for (const entry of earlier?.transactions ?? [])
          if (entry.status === "included") byHash.set(entry.transaction.hash, entry);
        return earlier;
      },
    },
    pause,
    setAttempt: (next) => {
      attempt = next;
    },
    observe: async (hash, _softClaims, run) => {
      const entry = byHash.get(hash);
      if (entry === undefined || (only !== undefined && hash !== only)) return run();
      const tracer = open(entry);
      const result = await tracer.observe(evm, run);
      tracers.set(hash, { tracer, run: result });
      return result;
    },
  });
  for (const entry of block.transactions) if (entry.status === "included") byHash.set(entry.transaction.hash, entry);
  const { finished } = await runner.run();
  return finished
    .filter(({ included }) => only === undefined || included.entry.transaction.hash === only)
    .map((one) => ({
      transactionHash: one.included.entry.transaction.hash,
      result: resultOf(one, tracers.get(one.included.entry.transaction.hash), () => open(one.included.entry)),
    }));

  function resultOf(one: Finished, traced: { tracer: Tracer; run: RunResult } | undefined, untouched: () => Tracer) {
    const [receipt] = receiptsOf(block!, [one]);
    // What runs no code has a trace without steps.
    return (traced?.tracer ?? untouched()).result({
      succeeded: one.status === "success",
      gasUsed: one.chargedGas,
      error: receipt!.error,
      output: one.revertData ?? traced?.run.output ?? "0x",
      createdAddress: one.createdAddress,
    });
  }
}
