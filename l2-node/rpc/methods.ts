import type { Method } from "./method.ts";
import { anhChainFile } from "./methods/anh-chain-file.ts";
import { anhGetBlockRoots } from "./methods/anh-get-block-roots.ts";
import { anhGetClaim } from "./methods/anh-get-claim.ts";
import { anhGetClaims } from "./methods/anh-get-claims.ts";
import { anhGetCredit } from "./methods/anh-get-credit.ts";
import { anhGetCreditProof } from "./methods/anh-get-credit-proof.ts";
import { anhGetDemands } from "./methods/anh-get-demands.ts";
import { anhGetDispute } from "./methods/anh-get-dispute.ts";
import { anhGetDisputes } from "./methods/anh-get-disputes.ts";
import { anhGetHeaderAnchor } from "./methods/anh-get-header-anchor.ts";
import { anhGetInclusion } from "./methods/anh-get-inclusion.ts";
import { anhGetInput } from "./methods/anh-get-input.ts";
import { anhGetJob } from "./methods/anh-get-job.ts";
import { anhGetJobs } from "./methods/anh-get-jobs.ts";
import { anhGetPrepaidGas } from "./methods/anh-get-prepaid-gas.ts";
import { anhGetProof } from "./methods/anh-get-proof.ts";
import { anhGetRederivations } from "./methods/anh-get-rederivations.ts";
import { anhGetSignedHeader } from "./methods/anh-get-signed-header.ts";
import { anhGetTransactionStatus } from "./methods/anh-get-transaction-status.ts";
import { anhGetUncertainty } from "./methods/anh-get-uncertainty.ts";
import { anhGetWithdrawalProof } from "./methods/anh-get-withdrawal-proof.ts";
import { anhGetWithdrawalStatus } from "./methods/anh-get-withdrawal-status.ts";
import { anhGetWithdrawals } from "./methods/anh-get-withdrawals.ts";
import { anhSubscribe } from "./methods/anh-subscribe.ts";
import { anhSyncStatus } from "./methods/anh-sync-status.ts";
import { anhUnsubscribe } from "./methods/anh-unsubscribe.ts";
import { debugGetRawBlock } from "./methods/debug-get-raw-block.ts";
import { debugGetRawHeader } from "./methods/debug-get-raw-header.ts";
import { debugGetRawReceipts } from "./methods/debug-get-raw-receipts.ts";
import { debugGetRawTransaction } from "./methods/debug-get-raw-transaction.ts";
import { debugTraceBlockByHash } from "./methods/debug-trace-block-by-hash.ts";
import { debugTraceBlockByNumber } from "./methods/debug-trace-block-by-number.ts";
import { debugTraceCall } from "./methods/debug-trace-call.ts";
import { debugTraceTransaction } from "./methods/debug-trace-transaction.ts";
import { erigonGetHeaderByNumber } from "./methods/erigon-get-header-by-number.ts";
import { ethAccounts } from "./methods/eth-accounts.ts";
import { ethBaseFee } from "./methods/eth-base-fee.ts";
import { ethBlobBaseFee } from "./methods/eth-blob-base-fee.ts";
import { ethBlockNumber } from "./methods/eth-block-number.ts";
import { ethCall } from "./methods/eth-call.ts";
import { ethCapabilities } from "./methods/eth-capabilities.ts";
import { ethChainId } from "./methods/eth-chain-id.ts";
import { ethCoinbase } from "./methods/eth-coinbase.ts";
import { ethCreateAccessList } from "./methods/eth-create-access-list.ts";
import { ethEstimateGas } from "./methods/eth-estimate-gas.ts";
import { ethFeeHistory } from "./methods/eth-fee-history.ts";
import { ethFillTransaction } from "./methods/eth-fill-transaction.ts";
import { ethGasPrice } from "./methods/eth-gas-price.ts";
import { ethGetBalance } from "./methods/eth-get-balance.ts";
import { ethGetBlockByHash } from "./methods/eth-get-block-by-hash.ts";
import { ethGetBlockByNumber } from "./methods/eth-get-block-by-number.ts";
import { ethGetBlockReceipts } from "./methods/eth-get-block-receipts.ts";
import { ethGetBlockTransactionCountByHash } from "./methods/eth-get-block-transaction-count-by-hash.ts";
import { ethGetBlockTransactionCountByNumber } from "./methods/eth-get-block-transaction-count-by-number.ts";
import { ethGetCode } from "./methods/eth-get-code.ts";
import { ethGetFilterChanges } from "./methods/eth-get-filter-changes.ts";
import { ethGetFilterLogs } from "./methods/eth-get-filter-logs.ts";
import { ethGetLogs } from "./methods/eth-get-logs.ts";
import { ethGetProof } from "./methods/eth-get-proof.ts";
import { ethGetStorageAt } from "./methods/eth-get-storage-at.ts";
import { ethGetStorageValues } from "./methods/eth-get-storage-values.ts";
import { ethGetTransactionByBlockHashAndIndex } from "./methods/eth-get-transaction-by-block-hash-and-index.ts";
import { ethGetTransactionByBlockNumberAndIndex } from "./methods/eth-get-transaction-by-block-number-and-index.ts";
import { ethGetTransactionByHash } from "./methods/eth-get-transaction-by-hash.ts";
import { ethGetTransactionCount } from "./methods/eth-get-transaction-count.ts";
import { ethGetTransactionReceipt } from "./methods/eth-get-transaction-receipt.ts";
import { ethGetUncleCountByBlockHash } from "./methods/eth-get-uncle-count-by-block-hash.ts";
import { ethGetUncleCountByBlockNumber } from "./methods/eth-get-uncle-count-by-block-number.ts";
import { ethMaxPriorityFeePerGas } from "./methods/eth-max-priority-fee-per-gas.ts";
import { ethNewBlockFilter } from "./methods/eth-new-block-filter.ts";
import { ethNewFilter } from "./methods/eth-new-filter.ts";
import { ethNewPendingTransactionFilter } from "./methods/eth-new-pending-transaction-filter.ts";
import { ethSendRawTransaction } from "./methods/eth-send-raw-transaction.ts";
import { ethSimulateV1 } from "./methods/eth-simulate-v1.ts";
import { ethSubscribe } from "./methods/eth-subscribe.ts";
import { ethSyncing } from "./methods/eth-syncing.ts";
import { ethUninstallFilter } from "./methods/eth-uninstall-filter.ts";
import { ethUnsubscribe } from "./methods/eth-unsubscribe.ts";
import { netListening } from "./methods/net-listening.ts";
import { netPeerCount } from "./methods/net-peer-count.ts";
import { netVersion } from "./methods/net-version.ts";
import { otsGetApiLevel } from "./methods/ots-get-api-level.ts";
import { otsGetBlockDetails } from "./methods/ots-get-block-details.ts";
import { otsGetBlockDetailsByHash } from "./methods/ots-get-block-details-by-hash.ts";
import { otsGetBlockTransactions } from "./methods/ots-get-block-transactions.ts";
import { otsGetContractCreator } from "./methods/ots-get-contract-creator.ts";
import { otsGetInternalOperations } from "./methods/ots-get-internal-operations.ts";
import { otsGetTransactionBySenderAndNonce } from "./methods/ots-get-transaction-by-sender-and-nonce.ts";
import { otsGetTransactionError } from "./methods/ots-get-transaction-error.ts";
import { otsHasCode } from "./methods/ots-has-code.ts";
import { otsSearchTransactionsAfter } from "./methods/ots-search-transactions-after.ts";
import { otsSearchTransactionsBefore } from "./methods/ots-search-transactions-before.ts";
import { otsTraceTransaction } from "./methods/ots-trace-transaction.ts";
import { rpcDiscover } from "./methods/rpc-discover.ts";
import { txpoolContent } from "./methods/txpool-content.ts";
import { txpoolContentFrom } from "./methods/txpool-content-from.ts";
import { txpoolInspect } from "./methods/txpool-inspect.ts";
import { txpoolStatus } from "./methods/txpool-status.ts";
import { web3ClientVersion } from "./methods/web3-client-version.ts";
import { web3Sha3 } from "./methods/web3-sha3.ts";
import { refusedMethods } from "./refused.ts";

/** Every method there is, by name. Others answer −32601. */
export const methods: Readonly<Record<string, Method>> = {
  ...refusedMethods,
  "rpc.discover": rpcDiscover(() => methods),
  anh_chainFile: anhChainFile,
  anh_getBlockRoots: anhGetBlockRoots,
  anh_getCredit: anhGetCredit,
  anh_getCreditProof: anhGetCreditProof,
  anh_getDemands: anhGetDemands,
  anh_getInclusion: anhGetInclusion,
  anh_getClaim: anhGetClaim,
  anh_getClaims: anhGetClaims,
  anh_getDispute: anhGetDispute,
  anh_getDisputes: anhGetDisputes,
  anh_getHeaderAnchor: anhGetHeaderAnchor,
  anh_getInput: anhGetInput,
  anh_getJob: anhGetJob,
  anh_getJobs: anhGetJobs,
  anh_getPrepaidGas: anhGetPrepaidGas,
  anh_getProof: anhGetProof,
  anh_getRederivations: anhGetRederivations,
  anh_getSignedHeader: anhGetSignedHeader,
  anh_getTransactionStatus: anhGetTransactionStatus,
  anh_getUncertainty: anhGetUncertainty,
  anh_getWithdrawalProof: anhGetWithdrawalProof,
  anh_getWithdrawalStatus: anhGetWithdrawalStatus,
  anh_getWithdrawals: anhGetWithdrawals,
  anh_subscribe: anhSubscribe,
  anh_syncStatus: anhSyncStatus,
  anh_unsubscribe: anhUnsubscribe,
  debug_getRawBlock: debugGetRawBlock,
  debug_getRawHeader: debugGetRawHeader,
  debug_getRawReceipts: debugGetRawReceipts,
  debug_getRawTransaction: debugGetRawTransaction,
  debug_traceBlockByHash: debugTraceBlockByHash,
  debug_traceBlockByNumber: debugTraceBlockByNumber,
  debug_traceCall: debugTraceCall,
  debug_traceTransaction: debugTraceTransaction,
  erigon_getHeaderByNumber: erigonGetHeaderByNumber,
  eth_accounts: ethAccounts,
  eth_baseFee: ethBaseFee,
  eth_blobBaseFee: ethBlobBaseFee,
  eth_blockNumber: ethBlockNumber,
  eth_call: ethCall,
  eth_capabilities: ethCapabilities,
  eth_chainId: ethChainId,
  eth_coinbase: ethCoinbase,
  eth_createAccessList: ethCreateAccessList,
  eth_estimateGas: ethEstimateGas,
  eth_feeHistory: ethFeeHistory,
  eth_fillTransaction: ethFillTransaction,
  eth_gasPrice: ethGasPrice,
  eth_getBalance: ethGetBalance,
  eth_getBlockByHash: ethGetBlockByHash,
  eth_getBlockByNumber: ethGetBlockByNumber,
  eth_getBlockReceipts: ethGetBlockReceipts,
  eth_getBlockTransactionCountByHash: ethGetBlockTransactionCountByHash,
  eth_getBlockTransactionCountByNumber: ethGetBlockTransactionCountByNumber,
  eth_getCode: ethGetCode,
  eth_getFilterChanges: ethGetFilterChanges,
  eth_getFilterLogs: ethGetFilterLogs,
  eth_getLogs: ethGetLogs,
  eth_getProof: ethGetProof,
  eth_getStorageAt: ethGetStorageAt,
  eth_getStorageValues: ethGetStorageValues,
  eth_getTransactionByBlockHashAndIndex: ethGetTransactionByBlockHashAndIndex,
  eth_getTransactionByBlockNumberAndIndex: ethGetTransactionByBlockNumberAndIndex,
  eth_getTransactionByHash: ethGetTransactionByHash,
  eth_getTransactionCount: ethGetTransactionCount,
  eth_getTransactionReceipt: ethGetTransactionReceipt,
  eth_getUncleCountByBlockHash: ethGetUncleCountByBlockHash,
  eth_getUncleCountByBlockNumber: ethGetUncleCountByBlockNumber,
  eth_maxPriorityFeePerGas: ethMaxPriorityFeePerGas,
  eth_newBlockFilter: ethNewBlockFilter,
  eth_newFilter: ethNewFilter,
  eth_newPendingTransactionFilter: ethNewPendingTransactionFilter,
  eth_sendRawTransaction: ethSendRawTransaction,
  eth_simulateV1: ethSimulateV1,
  eth_subscribe: ethSubscribe,
  eth_syncing: ethSyncing,
  eth_uninstallFilter: ethUninstallFilter,
  eth_unsubscribe: ethUnsubscribe,
  net_listening: netListening,
  net_peerCount: netPeerCount,
  net_version: netVersion,
  ots_getApiLevel: otsGetApiLevel,
  ots_getBlockDetails: otsGetBlockDetails,
  ots_getBlockDetailsByHash: otsGetBlockDetailsByHash,
  ots_getBlockTransactions: otsGetBlockTransactions,
  ots_getContractCreator: otsGetContractCreator,
  ots_getInternalOperations: otsGetInternalOperations,
  ots_getTransactionBySenderAndNonce: otsGetTransactionBySenderAndNonce,
  ots_getTransactionError: otsGetTransactionError,
  ots_hasCode: otsHasCode,
  ots_searchTransactionsAfter: otsSearchTransactionsAfter,
  ots_searchTransactionsBefore: otsSearchTransactionsBefore,
  ots_traceTransaction: otsTraceTransaction,
  txpool_content: txpoolContent,
  txpool_contentFrom: txpoolContentFrom,
  txpool_inspect: txpoolInspect,
  txpool_status: txpoolStatus,
  web3_clientVersion: web3ClientVersion,
  web3_sha3: web3Sha3,
};
