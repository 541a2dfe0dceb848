/** EIP-7825's cap on one transaction's gas limit, on L1 as on L2. */
export const MAX_TRANSACTION_GAS = 2n ** 24n;
