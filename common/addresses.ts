import type { Address } from "viem";

// L2 addresses with a meaning of their own (P0.6), lower case like every address inside the node.
export const DNN_ADDRESS: Address = "0x00000000000000000000000000000000414e4801";
export const LEDGER_ADDRESS: Address = "0x00000000000000000000000000000000414e4802";
export const OUTBOX_ADDRESS: Address = "0x00000000000000000000000000000000414e4803";
export const CREDIT_ADDRESS: Address = "0x00000000000000000000000000000000414e4804";

/** The form addresses have as keys: viem decodes to checksummed ones. */
export const lower = (address: string): Address => address.toLowerCase() as Address;
