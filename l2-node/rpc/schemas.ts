import type { Address, Hex } from "viem";
import { z } from "zod";
import { withAuthority } from "../../common/authorization.ts";

const QUANTITY = /^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/;
const WORD = /^0x[0-9a-fA-F]{1,64}$/;
/** Bytes one parameter may carry: four times what a transaction may. */
const MAX_DATA_BYTES = 524_288;
const MAX_LIST = 1000;

// Checks abort: otherwise the transform would still see what failed them.
export const quantity = z
  .string("expected a hex quantity, e.g. 0x10")
  .regex(QUANTITY, { error: "expected a hex quantity of at most 32 bytes without leading zeros", abort: true })
  .transform((text) => BigInt(text));
const bytesUpTo = (most: number) =>
  z
    .string()
    .max(2 + 2 * most, { error: `expected at most ${most} bytes`, abort: true })
    .regex(/^0x(?:[0-9a-fA-F]{2})*$/, { error: "expected 0x and whole bytes in hex", abort: true })
    .transform((text) => text.toLowerCase() as Hex);
export const data = bytesUpTo(MAX_DATA_BYTES);
/** What a transaction with all its blobs comes in: it is refused, but by name. */
export const envelope = bytesUpTo(2_000_000);
export const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, { error: "expected 32 bytes in hex", abort: true })
  .transform((text) => text.toLowerCase() as Hex)
  .meta({ title: "hash" });
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, { error: "expected an address, 20 bytes in hex", abort: true })
  .transform((text) => text.toLowerCase() as Address)
  .meta({ title: "address" });
/** Of a filter or a subscription. */
export const id = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, { error: "expected an id in hex", abort: true })
  .transform((text) => text.toLowerCase() as Hex)
  .meta({ title: "id" });
/** A storage slot: leading zeros may be missing. */
export const slot = z
  .string()
  .regex(WORD, { error: "expected a storage slot of at most 32 bytes in hex", abort: true })
  .transform((text) => `0x${text.slice(2).toLowerCase().padStart(64, "0")}` as Hex)
  .meta({ title: "slot" });

/** A block by tag, number or hash (EIP-1898). */
export type BlockRef =
  | { readonly tag: "latest" | "safe" | "finalized" | "earliest" | "pending" }
  | { readonly number: bigint }
  | { readonly hash: Hex };

const tag = z.enum(["latest", "safe", "finalized", "earliest", "pending"]);
/** At most 8 bytes: whatever is longer is a hash, or nothing. */
const height = z
  .string()
  .regex(/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,15})$/, { error: "expected a block number", abort: true })
  .transform((text) => BigInt(text));
/** A block by a plain JSON number, as Otterscan has it. */
export const plainHeight: z.ZodType<BlockRef, unknown> = z
  .int()
  .nonnegative()
  .transform((number) => ({ number: BigInt(number) }));
const numbered: z.ZodType<BlockRef, unknown>[] = [
  tag.transform((name) => ({ tag: name })),
  height.transform((number) => ({ number })),
];
/** A block by tag or number only, as the methods "…ByNumber" take it. */
export const blockNumber: z.ZodType<BlockRef, unknown> = z
  .union(numbered, { error: "expected a block tag or number" })
  .meta({ title: "block" });
export const blockRef: z.ZodType<BlockRef, unknown> = z
  .union(
    [
      ...numbered,
      hash.transform((blockHash) => ({ hash: blockHash })),
      z.strictObject({ blockNumber: height }).transform((ref) => ({ number: ref.blockNumber })),
      z
        .strictObject({ blockHash: hash, requireCanonical: z.boolean().optional() })
        .transform((ref) => ({ hash: ref.blockHash })),
    ],
    { error: "expected a block tag, number or hash" },
  )
  .meta({ title: "block" });
export const LATEST: BlockRef = { tag: "latest" };

const accessList = z.array(z.object({ address, storageKeys: z.array(hash).max(MAX_LIST) })).max(MAX_LIST);

/** Any number Ethereum's tools write: they disagree on leading zeros here. */
const looseQuantity = z
  .string()
  .regex(WORD, { error: "expected a hex number of at most 32 bytes", abort: true })
  .transform((text) => BigInt(text));
const authorization = z
  .object({
    chainId: looseQuantity,
    address,
    nonce: looseQuantity,
    yParity: looseQuantity,
    r: looseQuantity,
    s: looseQuantity,
  })
  .transform(({ yParity, ...fields }) => withAuthority({ ...fields, yParity: yParity === 0n ? 0 : 1 }));

/** A call as wallets send it; unknown fields are ignored, as everywhere in Ethereum. */
export const callRequest = z
  .object({
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
    authorizationList: z.array(authorization).max(MAX_LIST).nullish(),
  })
  .refine((call) => call.data == null || call.input == null || call.data === call.input, {
    error: 'both "data" and "input" are set and not equal; please use "input"',
  })
  .refine((call) => call.gasPrice == null || (call.maxFeePerGas == null && call.maxPriorityFeePerGas == null), {
    error: "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
  })
  .meta({ title: "call" });
export type CallParams = z.output<typeof callRequest>;

/** Replaces named fields and slots, or a whole storage; moves precompiles. */
export const stateOverrides = z
  .record(
    address,
    z
      .strictObject({
        balance: quantity.optional(),
        nonce: quantity.optional(),
        code: data.optional(),
        stateDiff: z.record(slot, hash).optional(),
        state: z.record(slot, hash).optional(),
        movePrecompileToAddress: address.optional(),
      })
      .refine(({ state, stateDiff }) => state === undefined || stateDiff === undefined, {
        error: "both state and stateDiff are set",
      }),
  )
  .refine((overrides) => Object.keys(overrides).length <= MAX_LIST, { error: `at most ${MAX_LIST} accounts` })
  .meta({ title: "stateOverrides" });
export type StateOverrideParams = z.output<typeof stateOverrides>;

/** What a call sees of its block; the old names are go-ethereum's of before. */
export const blockOverrides = z
  .object({
    number: quantity.nullish(),
    time: quantity.nullish(),
    gasLimit: quantity.nullish(),
    feeRecipient: address.nullish(),
    coinbase: address.nullish(),
    prevRandao: hash.nullish(),
    random: hash.nullish(),
    baseFeePerGas: quantity.nullish(),
    baseFee: quantity.nullish(),
  })
  .meta({ title: "blockOverrides" });
export type BlockOverrideParams = z.output<typeof blockOverrides>;
