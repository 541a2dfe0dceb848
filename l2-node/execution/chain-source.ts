import type { Block } from "../chain/block.ts";
import type { Chain } from "../chain/chain.ts";
import type { BlockSource, SourceBlock, SourceTransaction } from "./source.ts";

const environment = ({ header }: Pick<Block, "header">) => ({
  number: header.number,
  beneficiary: header.beneficiary,
  timestamp: header.timestamp,
  baseFeeWei: header.baseFeeWei,
  gasLimit: header.gasLimit,
  mixHash: header.mixHash,
});

const entryOf = ({ transaction, outcome }: Block["transactions"][number]): SourceTransaction =>
  transaction !== undefined && outcome.status === "included" ? { transaction, ...outcome } : { status: "skipped" };

const identityOf = ({ hash, inboxOnly }: Block): string => (inboxOnly ? `${hash} inbox-only` : hash);

/** A node's chain as execution reads it. */
export function chainSource(chain: Chain): BlockSource {
  const { blocks, l1 } = chain.store;
  const { l2ChainId, genesis, clocks } = chain.file;

  const sourceBlock = (block: Block): SourceBlock => {
    const { inboxCount } = block.header.origin;
    const count = Number(inboxCount - block.firstMessage);
    return {
      ...environment(block),
      hash: block.hash,
      identity: identityOf(block),
      inboxCount,
      messages: Array.from({ length: count }, (_, i) => l1.message(block.firstMessage + BigInt(i))),
      transactions: block.transactions.map(entryOf),
    };
  };

  return {
    chainId: l2ChainId,
    minWindowSeconds: clocks.minWindowSeconds,
    genesis: genesis.alloc,
    genesisHash: genesis.hash,
    genesisBlock: environment(genesis),
    heads: () => chain.heads(),
    block: (number) => {
      const block = number > 0n ? blocks.block(number) : undefined;
      return block && sourceBlock(block);
    },
    blockHash: (number) => (number > 0n ? blocks.block(number)?.hash : undefined),
    blockIdentity: (number) => {
      const block = number > 0n ? blocks.block(number) : undefined;
      return block && identityOf(block);
    },
    withoutSoftEffect: () => chain.withoutSoftEffect(),
    onChange: (listener) => {
      for (const event of ["block", "dropped", "l1"] as const) chain.events.on(event, listener);
      return () => {
        for (const event of ["block", "dropped", "l1"] as const) chain.events.off(event, listener);
      };
    },
  };
}
