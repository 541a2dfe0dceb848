import type { ChainFile } from "../../common/chain-file.ts";
import { Chain } from "../../l2-node/chain/chain.ts";
import type { BlobSource } from "../../l2-node/l1/blob-source.ts";
import type { Kzg } from "../../l2-node/l1/kzg.ts";
import { nextContext } from "../../l2-node/sequencer/context.ts";
import { Mempool, type MempoolOptions } from "../../l2-node/sequencer/mempool.ts";
import { type Recover, recoverHere } from "../../l2-node/sequencer/recovery.ts";
import { Sequencer, type SequencerOptions } from "../../l2-node/sequencer/sequencer.ts";
import { openStore } from "../../l2-node/store/sqlite.ts";
import type { MemoryL1 } from "./memory-l1.ts";

export const POOL: MempoolOptions = {
  maxTransactions: 1000,
  maxPerAccount: 64,
  maxGapped: 64,
  maxTransactionBytes: 131_072,
};
export const SEALING: SequencerOptions = {
  blockTimeMs: 10,
  heartbeatMs: 60_000,
  originLagBlocks: 0n,
  maxBlockBytes: 80_000,
  resealMarginSeconds: 60n,
};

/** Chain, mempool and sequencer over a store, in one thread unless told otherwise; L1 comes from the test. */
export function testNode(
  chainFile: ChainFile,
  path = ":memory:",
  pool: Partial<MempoolOptions> = {},
  recover: Recover = recoverHere,
) {
  const store = openStore(path, chainFile);
  const chain = new Chain({ chain: chainFile }, { store });
  const mempool = new Mempool(
    { ...POOL, ...pool },
    {
      chain: chainFile,
      ledger: store.blocks,
      pool: store.pool,
      recover,
      context: () => nextContext(chain),
    },
  );
  const sequencer = new Sequencer(SEALING, { chain, mempool });
  return { store, chain, mempool, sequencer };
}

/** Feeds a chain all that L1 has and it has not read. */
export const follow = (chain: Chain, l1: MemoryL1, finalizedNumber = 0n): void =>
  chain.applyL1(l1.stepFrom(chain.store.l1.cursor()?.number ?? 0n, finalizedNumber));

/** For L1s on which nobody posts blobs. */
export const NO_BLOBS: BlobSource = { blobs: () => Promise.reject(new Error("no blobs were expected")) };
export const NO_KZG: Kzg = {
  commitments: () => Promise.reject(new Error("no blobs were expected")),
  withProofs: () => Promise.reject(new Error("no blobs were expected")),
  close: async () => {},
};
