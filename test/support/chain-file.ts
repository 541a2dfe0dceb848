import type { Address } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { type Header, hashHeader } from "../../common/header.ts";
import { firstInboxHash } from "../../common/message.ts";
import { addressOfKey } from "../../common/signature.ts";
import { EMPTY_TRIE_ROOT } from "../../common/trie.ts";
import { devnetClocks } from "../../deploy/clocks.ts";
import { TEST_CHAIN_ID, testKey } from "./transactions.ts";

export const SEQUENCER_KEY = testKey(1000);

const contract = (byte: number): Address => `0x${byte.toString(16).padStart(2, "0").repeat(20)}`;

/** A chain nobody deployed, for what runs without L1. Its origin is L1 block 1 of `MemoryL1`. */
export function testChainFile(originHash: `0x${string}`, timestamp: bigint): ChainFile {
  const sequencer = addressOfKey(SEQUENCER_KEY);
  const header: Header = {
    parentHash: ZERO_HASH,
    beneficiary: sequencer,
    stateRoot: EMPTY_TRIE_ROOT,
    transactionsRoot: EMPTY_TRIE_ROOT,
    number: 0n,
    gasLimit: BigInt(devnetClocks.l2BlockGasLimit),
    gasUsed: 0n,
    timestamp,
    origin: { number: 1n, hash: originHash, inboxCount: 0n, inboxHash: firstInboxHash(TEST_CHAIN_ID, contract(1)) },
    mixHash: ZERO_HASH,
    baseFeeWei: 1_000_000n,
  };
  return {
    l1ChainId: 31337n,
    l2ChainId: TEST_CHAIN_ID,
    contracts: {
      inbox: contract(1),
      prepaidGas: contract(2),
      bridge: contract(3),
      forcedTransactions: contract(9),
      headerAnchor: contract(4),
      sequencerStake: contract(10),
      resultClaims: contract(5),
      deliveries: contract(11),
      demands: contract(6),
      disputes: contract(7),
      voids: contract(12),
      stateClaims: contract(8),
    },
    deployedAtL1Block: 1n,
    sequencer,
    poster: sequencer,
    clocks: devnetClocks,
    genesis: { header, hash: hashHeader(header), alloc: {} },
  };
}
