import type { Address, Hex } from "viem";
import { z } from "zod/v4";

const HEX_QUANTITY = /^0x[0-9a-fA-F]{1,64}$/;
const quantityText = z.string().regex(HEX_QUANTITY, "expected a hex quantity of at most 32 bytes");

export const quantity = quantityText.transform((text) => BigInt(text));
export const data = z
  .string()
  .regex(/^0x(?:[0-9a-fA-F]{2})*$/, "expected 0x and whole bytes in hex")
  .transform((text) => text.toLowerCase() as Hex);
export const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "expected 32 bytes in hex")
  .transform((text) => text.toLowerCase() as Hex);
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "expected an address, 20 bytes in hex")
  .transform((text) => text.toLowerCase() as Address);
/** A storage slot, as a word or as a quantity. */
export const slot = quantityText.transform((text) => `0x${text.slice(2).toLowerCase().padStart(64, "0")}` as Hex);

/** A block by tag, number or hash (EIP-1898). */
export type BlockRef =
  | { readonly tag: "latest" | "safe" | "finalized" | "earliest" | "pending" }
  | { readonly number: bigint }
  | { readonly hash: Hex };

const tag = z.enum(["latest", "safe", "finalized", "earliest", "pending"]);
export const blockRef: z.ZodType<BlockRef, unknown> = z.union(
  [
    tag.transform((name) => ({ tag: name })),
    quantity.transform((number) => ({ number })),
    z.object({ blockNumber: quantity }).transform(({ blockNumber }) => ({ number: blockNumber })),
    z.object({ blockHash: hash }).transform(({ blockHash }) => ({ hash: blockHash })),
  ],
  { error: "expected a block tag, number or hash" },
);
export const LATEST: BlockRef = { tag: "latest" };

const accessList = z.array(z.object({ address, storageKeys: z.array(hash).max(10_000) })).max(10_000);

/** A call as wallets send it; unknown fields are ignored, as everywhere in Ethereum. */
export const callRequest = z.object({
  from: address.nullish(),
  to: address.nullish(),
  gas: quantity.nullish(),
  gasPrice: quantity.nullish(),
  maxFeePerGas: quantity.nullish(),
  maxPriorityFeePerGas: quantity.nullish(),
  value: quantity.nullish(),
  data: data.nullish(),
  input: data.nullish(),
  nonce: quantity.nullish(),
  accessList: accessList.nullish(),
});
export type CallParams = z.output<typeof callRequest>;

export const stateOverrides = z.record(
  address,
  z.object({
    balance: quantity.optional(),
    nonce: quantity.optional(),
    code: data.optional(),
    stateDiff: z.record(hash, hash).optional(),
  }),
);
