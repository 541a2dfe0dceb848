import type { Chain } from "../chain/chain.ts";
import { nextBaseFeeWei } from "../ledger/base-fee.ts";
import { l1FeePerByteWei } from "../ledger/gas.ts";
import type { LedgerContext } from "../ledger/includable.ts";

/** What a transaction accepted now will most likely be judged by: the next block, on the newest origin. */
export function nextContext(chain: Chain): LedgerContext {
  const { l1 } = chain.store;
  const head = l1.cursor();
  return {
    baseFeeWei: nextBaseFeeWei(chain.head().header),
    originL1FeePerByteWei: l1FeePerByteWei(head?.baseFeeWei ?? 0n),
    beneficiary: chain.file.sequencer,
    creditsRoot: l1.creditsRootAt(l1.inbox().count),
  };
}
