import type { Hex } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import type { Block } from "../chain/block.ts";
import { type Chain, onChainChange } from "../chain/chain.ts";
import type { Heads } from "../chain/heads.ts";
import type { L1View } from "../chain/l1-view.ts";
import type { ChainReader } from "../chain/reader.ts";
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

const identityOf = ({ hash, lineage }: Block): string => (lineage === undefined ? hash : `${hash} ${lineage}`);

/** What a node's chain and a reader of it have in common. */
interface ChainView {
  readonly file: ChainFile;
  readonly store: {
    readonly blocks: { block(number: bigint): Block | undefined };
    readonly l1: Pick<L1View, "message">;
  };
  heads(): Heads;
  withoutSoftEffect(): ReadonlySet<Hex>;
}

type Listening = BlockSource["onChange"];

/** A node's chain as execution in its own thread reads it. */
export const chainSource = (chain: Chain): BlockSource => sourceOf(chain, (read) => read(), onChainChange(chain));

/** The same chain as another thread reads it. */
export const readerSource = (reader: ChainReader): BlockSource =>
  sourceOf(
    reader,
    (read) => reader.look(read),
    (listener) => {
      reader.events.on("changed", listener);
      return () => reader.events.off("changed", listener);
    },
  );

function sourceOf(chain: ChainView, look: <T>(read: () => T) => T, onChange: Listening): BlockSource {
  const { blocks, l1 } = chain.store;
  const { l2ChainId, genesis, clocks } = chain.file;
  const find = (number: bigint): Block | undefined => (number > 0n ? blocks.block(number) : undefined);

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
    block: (number) =>
      look(() => {
        const block = find(number);
        return block && sourceBlock(block);
      }),
    blockHash: (number) => look(() => find(number)?.hash),
    blockIdentity: (number) =>
      look(() => {
        const block = find(number);
        return block && identityOf(block);
      }),
    withoutSoftEffect: () => chain.withoutSoftEffect(),
    onChange,
  };
}
