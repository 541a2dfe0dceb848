import type { Difference } from "./compare.ts";

/** Where answers may differ from the published ones, and why: `test` is matched with a case's name, `path` within its answer. */
export interface Rule {
  readonly test: RegExp;
  readonly path: RegExp;
  readonly kind?: Difference["kind"];
  readonly reason: string;
}

const BLOCKS = /^eth_(getBlockBy|simulateV1)/;
const RECEIPTS = /^eth_(getBlockReceipts|getTransactionReceipt)/;
const EVERYTHING = /^/;

/** Fields: the rest of each of these answers is as published. */
const fields: readonly Rule[] = [
  {
    test: BLOCKS,
    path: /\.(extraData|size)$/,
    reason: "A header's extraData is its L1 origin (P3.1), and a block's size counts it.",
  },
  {
    test: BLOCKS,
    path: /\.(stateRoot|receiptsRoot|logsBloom)$/,
    reason: "Headers are sealed before execution: they hold nothing of it (P3.1).",
  },
  {
    test: /^eth_getBlockBy/,
    path: /^result\.gasUsed$/,
    reason: "A header's gasUsed is the sum of its gas limits (P2.7).",
  },
  {
    test: /^eth_simulateV1/,
    path: /\.(hash|parentHash|blockHash)$/,
    reason: "The hash of a simulated header with our fixed fields.",
  },
  {
    test: BLOCKS,
    path: /\.(parentBeaconBlockRoot|requestsHash|blobGasUsed|excessBlobGas|withdrawals|withdrawalsRoot|baseFeePerGas)$/,
    kind: "form",
    reason: "One header format from genesis on, Osaka's; the published chain gets there fork by fork.",
  },
  {
    test: /^eth_getBlockBy/,
    path: /\.(parentBeaconBlockRoot|requestsHash|blobGasUsed|withdrawals|withdrawalsRoot)$/,
    kind: "value",
    reason: "No beacon chain stands behind an L2: no beacon root, withdrawals, requests or blobs (P3.1).",
  },
  {
    test: BLOCKS,
    path: /\.difficulty$/,
    reason: "The published chain begins with proof of work.",
  },
  {
    test: /^eth_getBlockByNumber\/get-genesis$/,
    path: /^result\.miner$/,
    reason: "Genesis names the sequencer (P3.1).",
  },
  {
    test: /^eth_(baseFee|simulateV1\/ethSimulate-(empty-validation|fee-recipient))/,
    path: /(^result|\.baseFeePerGas)$/,
    kind: "value",
    reason:
      "The next base fee follows from the head's gasUsed, which counts gas limits, and is never below 10⁶ wei (P2.7).",
  },
  {
    test: RECEIPTS,
    path: /\.(includedInBlock|includedAtIndex)$/,
    reason: "Ours in addition: where a transaction was sequenced, which for one that waited is an earlier block.",
  },
  {
    test: RECEIPTS,
    path: /\.(root|status)$/,
    kind: "form",
    reason: "Receipts before Byzantium hold a state root in place of a status.",
  },
  {
    test: RECEIPTS,
    path: /\.(gasUsed|cumulativeGasUsed)$/,
    reason: "At least half the gas limit is charged (P2.7), and Osaka's gas prices hold from genesis on.",
  },
  {
    test: /^eth_get(BlockByHash|Transaction)/,
    path: /\.(v|chainId)$/,
    reason: "Signed for any chain, which is refused here (EIP-155); the replay lends them our chain id.",
  },
  {
    test: /^eth_getLogs\/contract-addr$/,
    path: /\.logIndex$/,
    reason: "One more transaction of the block succeeds at Osaka's gas prices, and logs.",
  },
  {
    test: /^debug_traceBlockByNumber\/trace-block-storage/,
    path: /\.structLogs\[\]\.error$/,
    reason: "Deployments sized for the gas prices of their time run out of gas at Osaka's, and say so.",
  },
  {
    test: /^debug_getRaw(Header|Block)\//,
    path: /^result$/,
    kind: "value",
    reason: "The bytes of our headers.",
  },
  {
    test: /^debug_getRawReceipts\//,
    path: /^result\[\]$/,
    kind: "value",
    reason: "They hold a status where the published ones hold a state root, and the gas charged (P2.7).",
  },
  {
    test: /^eth_capabilities\//,
    path: /^result\.logs\.deleteStrategy$/,
    reason: "Logs are never deleted, so there is no strategy.",
  },
  {
    test: /^eth_simulateV1\/ethSimulate-(blockhash-|add-more-non-defined-BlockStateCalls-than-fit-but-now|overwrite-existing)/,
    path: /\.returnData$/,
    kind: "value",
    reason: "What BLOCKHASH gives of a simulated block.",
  },
  {
    test: /^eth_simulateV1\/ethSimulate-fee-recipient/,
    path: /\.returnData$/,
    kind: "value",
    reason: "Fees are prepaid and go to the ledger, never to a balance (P2.4).",
  },
  {
    test: /^eth_simulateV1\/ethSimulate-(self-destructive|use-as-many)/,
    path: /\.(gasUsed|maxUsedGas|gas|transactionHash|logIndex|transactionsRoot)$|\.transactions\[\]$/,
    kind: "value",
    reason:
      "The heir of a self-destruction is the published coinbase, which fees keep alive there and not here: 25,000 gas.",
  },
];

/** Cases that cannot apply at all. */
const cases: readonly Rule[] = [
  {
    test: /^eth_getProof\//,
    path: EVERYTHING,
    reason: "Headers commit to no state, so there is nothing to prove against: refused by name (−32004).",
  },
  {
    test: /^eth_config\//,
    path: EVERYTHING,
    reason: "EIP-7910 tells of forks and blob schedules, and this chain has neither.",
  },
  {
    test: /^testing_buildBlockV1\//,
    path: EVERYTHING,
    reason: "Builds payloads for a consensus client; blocks here are the sequencer's.",
  },
  {
    test: /^eth_sendRawTransaction\/send-blob-tx$/,
    path: EVERYTHING,
    reason: "Blob transactions are refused by name.",
  },
  {
    test: /^eth_getTransaction(ByHash|Receipt)\/get-blob-tx$/,
    path: /\.(type|maxFeePerBlobGas|blobVersionedHashes|blobGasPrice|blobGasUsed)$/,
    reason: "Blob transactions are refused by name; the replay takes their calls without the blobs.",
  },
  {
    test: /^eth_simulateV1\/ethSimulate-blobs$/,
    path: EVERYTHING,
    reason: "No blobs, so no blob fields in calls.",
  },
];

export const rules: readonly Rule[] = [...fields, ...cases];
