import { readFileSync } from "node:fs";
import { type Address, type Hex, numberToHex, padHex, size } from "viem";
import { z } from "zod";
import { CREDIT_ADDRESS, DNN_ADDRESS, LEDGER_ADDRESS, lower, OUTBOX_ADDRESS } from "../../common/addresses.ts";
import type { GenesisAccount, GenesisAlloc } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { genesisRoot } from "./genesis.ts";

/** A genesis file that cannot be used: every problem at once, each with its place. */
export class GenesisFileError extends AnhError {}

/** A genesis as go-ethereum writes it, as far as an L2 has it. */
export interface GenesisFile {
  /** What the L2 starts with. It has no balances: L2 ETH exists against ETH that L1 holds for it. */
  readonly alloc: GenesisAlloc;
  /** The file's balances; whoever starts the chain pays them in through the Bridge. */
  readonly deposits: readonly { readonly to: Address; readonly amountWei: bigint }[];
  readonly chainId?: bigint;
  /** World root of the file's accounts as they stand there, balances included: equal however the file is written. */
  readonly hash: Hex;
}

const MAX_CODE_BYTES = 24_576; // EIP-170
const MAX_NONCE = 2n ** 64n - 2n;
/** Far from where a sum could overflow, far above what there is. */
const MAX_DEPOSITS_WEI = 2n ** 128n;
/** Of these, code and storage would be ANH's own or Ethereum's, or never be run. */
const RESERVED: ReadonlySet<Address> = new Set([
  ...[LEDGER_ADDRESS, CREDIT_ADDRESS, OUTBOX_ADDRESS, DNN_ADDRESS],
  ...[...Array(17).keys()].map((i) => numberToHex(i + 1, { size: 20 })),
  numberToHex(0x100, { size: 20 }), // P256VERIFY
]);
const ZERO_ADDRESS = numberToHex(0, { size: 20 });

/** A number as go-ethereum takes it: hex or decimal digits in quotes, or a plain one that JSON does not round. */
const quantity = (most: bigint) =>
  z
    .union(
      [z.string().regex(/^(0x[0-9a-fA-F]+|[0-9]+)$/, "expected a number: hex or decimal digits"), z.int().min(0)],
      {
        error: "expected a number: hex or decimal digits in quotes, or a small one as it is",
      },
    )
    .transform((value) => BigInt(value))
    .refine((value) => value <= most, `expected at most ${most}`);
const word = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{0,64}$/, "expected at most 32 bytes of hex")
  .transform((text): Hex => padHex(`0x${text.replace(/^0x/, "").toLowerCase()}`, { size: 32 }));
const address = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{40}$/, "expected an address")
  .transform((text): Address => lower(`0x${text.replace(/^0x/, "")}`));
const code = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/, "expected 0x and whole bytes of hex")
  .transform((text) => text.toLowerCase() as Hex)
  .refine((text) => size(text) <= MAX_CODE_BYTES, `expected at most ${MAX_CODE_BYTES} bytes (EIP-170)`);

const accountSchema = z.strictObject({
  balance: quantity(2n ** 256n - 1n).default(0n),
  nonce: quantity(MAX_NONCE).default(0n),
  code: code.default("0x"),
  storage: z.record(z.string(), word).default({}),
  /** Tests' files have it; nothing here signs. */
  secretKey: z.unknown().optional(),
});

// Header fields of the file say nothing here: an L2's first header follows P3.1, its limits the chain's clocks.
const ignored = z.unknown().optional();
const fileSchema = z.strictObject({
  config: z.looseObject({ chainId: quantity(BigInt(Number.MAX_SAFE_INTEGER)).optional() }).optional(),
  alloc: z.record(z.string(), accountSchema),
  ...{ nonce: ignored, timestamp: ignored, extraData: ignored, gasLimit: ignored, difficulty: ignored },
  ...{ mixHash: ignored, coinbase: ignored, number: ignored, gasUsed: ignored, parentHash: ignored },
  ...{ baseFeePerGas: ignored, excessBlobGas: ignored, blobGasUsed: ignored },
});

/** Reads a go-ethereum genesis. Throws `GenesisFileError`. */
export function readGenesisFile(path: string): GenesisFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new GenesisFileError("usage", `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      expected: "a genesis file as go-ethereum writes it",
      actual: path,
      cause,
    });
  }
  return parseGenesisFile(text, path);
}

/** As `readGenesisFile`; `name` is what errors call the file. */
export function parseGenesisFile(text: string, name = "the genesis file"): GenesisFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new GenesisFileError("genesis-file", `${name} is not JSON`, { cause, hint: (cause as Error).message });
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success)
    throw refused(
      name,
      parsed.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`),
    );
  const problems: string[] = [];
  const accounts = new Map<Address, GenesisAccount>();
  for (const [key, entry] of Object.entries(parsed.data.alloc)) {
    const told = (problem: string) => problems.push(`alloc.${key}: ${problem}`);
    const at = address.safeParse(key);
    if (!at.success) told("expected an address");
    else if (accounts.has(at.data)) told("this account is there twice");
    else accounts.set(at.data, accountOf(at.data, entry, told));
  }
  const deposits = [...accounts]
    .map(([to, { balanceWei = 0n }]) => ({ to, amountWei: balanceWei }))
    .filter(({ amountWei }) => amountWei > 0n);
  const sumWei = deposits.reduce((sum, { amountWei }) => sum + amountWei, 0n);
  if (sumWei > MAX_DEPOSITS_WEI)
    problems.push(`alloc: balances of ${sumWei} wei, at most ${MAX_DEPOSITS_WEI} can be paid in`);
  if (problems.length > 0) throw refused(name, problems);

  const chainId = parsed.data.config?.chainId;
  return {
    alloc: withoutBalances(accounts),
    deposits,
    ...(chainId === undefined ? {} : { chainId }),
    hash: genesisRoot(Object.fromEntries(accounts)),
  };
}

function accountOf(
  at: Address,
  { balance, nonce, code: bytes, storage }: z.output<typeof accountSchema>,
  told: (problem: string) => void,
): GenesisAccount {
  const slots: Record<Hex, Hex> = {};
  for (const [key, value] of Object.entries(storage)) {
    const slot = word.safeParse(key);
    if (!slot.success) told(`storage.${key}: expected at most 32 bytes of hex`);
    else if (slot.data in slots) told(`storage.${key}: this slot is there twice`);
    else slots[slot.data] = value;
  }
  const filled = Object.entries(slots).filter(([, value]) => value !== ZERO_HASH);
  if (RESERVED.has(at) && (bytes !== "0x" || nonce > 0n || filled.length > 0))
    told("this address has a meaning of its own (P0.6, or a precompile of Ethereum); a balance is all it can have");
  // The ledger alone counts what an account has sent, from 0 on (P2.1).
  if (bytes === "0x" && nonce > 0n) told("a nonce without code: accounts begin with nonce 0");
  if (bytes === "0x" && filled.length > 0) told("storage without code: nothing could read it");
  if (at === ZERO_ADDRESS && balance > 0n) told("the Bridge pays nothing to the zero address");
  return { balanceWei: balance, nonce, code: bytes, storage: Object.fromEntries(filled) };
}

const withoutBalances = (accounts: ReadonlyMap<Address, GenesisAccount>): GenesisAlloc =>
  Object.fromEntries(
    [...accounts]
      .filter(([, { code: bytes }]) => bytes !== "0x")
      .map(([at, { balanceWei: _, ...account }]) => [at, account]),
  );

const refused = (name: string, problems: readonly string[]) =>
  new GenesisFileError("genesis-file", `${name} cannot be an L2's genesis:\n  ${problems.join("\n  ")}`, {
    actual: problems.length,
    hint: 'a go-ethereum genesis: {"config": {"chainId"}, "alloc": {"<address>": {"balance", "nonce", "code", "storage"}}}',
  });
