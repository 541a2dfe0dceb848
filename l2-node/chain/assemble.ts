import type { ChainFile } from "../../common/chain-file.ts";
import { type Header, mixHashOf, type Origin, transactionsRoot } from "../../common/header.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { EMPTY_TRIE_ROOT } from "../../common/trie.ts";
import { nextBaseFeeWei } from "../ledger/base-fee.ts";
import type { Block } from "./block.ts";

/** What a sequencer chooses; everything else in a header follows. */
export interface Choice {
  readonly timestamp: bigint;
  readonly origin: Origin;
  readonly envelopes: readonly Uint8Array[];
  /** Σ gasLimit of the included transactions. */
  readonly gasUsed: bigint;
}

/** The one header that P3.1 allows over `parent` for this choice. */
export function assembleHeader(
  chain: ChainFile,
  parent: Pick<Block, "header" | "hash">,
  choice: Choice,
  originHeader: Pick<L1Header, "mixHash">,
): Header {
  const number = parent.header.number + 1n;
  return {
    parentHash: parent.hash,
    beneficiary: chain.sequencer,
    stateRoot: EMPTY_TRIE_ROOT,
    transactionsRoot: transactionsRoot(choice.envelopes),
    number,
    gasLimit: BigInt(chain.clocks.l2BlockGasLimit),
    gasUsed: choice.gasUsed,
    timestamp: choice.timestamp,
    origin: choice.origin,
    mixHash: mixHashOf(originHeader.mixHash, number),
    baseFeeWei: nextBaseFeeWei(parent.header),
  };
}
