import type { Chain } from "../chain/chain.ts";
import { nextBaseFeeWei } from "../ledger/base-fee.ts";
import { l1FeePerByteWei } from "../ledger/gas.ts";
import type { LedgerContext } from "../ledger/includable.ts";

// Asked for per transaction, and four reads of the store: an eighth of the time between arrival and block.
const known = new WeakMap<Chain, { readonly version: number; readonly context: LedgerContext }>();

/** What a transaction accepted now will most likely be judged by: the next block, on the newest origin. */
export function nextContext(chain: Chain): LedgerContext {
  const { version } = chain;
  const kept = known.get(chain);
  if (kept?.version === version) return kept.context;
  const context = contextAfter(chain);
  known.set(chain, { version, context });
  return context;
}

function contextAfter(chain: Chain): LedgerContext {
  const { l1 } = chain.store;
  const head = l1.cursor();
  return {
    baseFeeWei: nextBaseFeeWei(chain.head().header),
    originL1FeePerByteWei: l1FeePerByteWei(head?.baseFeeWei ?? 0n),
    beneficiary: chain.file.sequencer,
    creditsRoot: l1.creditsRootAt(l1.inbox().count),
  };
}
