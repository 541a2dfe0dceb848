// Runs one published state test through the project's own transaction runner. Ethereum debits gas from the sender's balance
// and pays it out afterwards; that part, which ANH does not have, is added here around the run.
import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { createMPT, type MerklePatriciaTrie } from "@ethereumjs/mpt";
import { Account } from "@ethereumjs/util";
import type { Address, Hex } from "viem";
import { lower } from "../../../common/addresses.ts";
import { withAuthority } from "../../../common/authorization.ts";
import { largerOf, smallerOf } from "../../../common/bigint.ts";
import { bytesOfHex, hexOf, naturalBytes } from "../../../common/bytes.ts";
import type { GenesisAlloc } from "../../../common/chain-file.ts";
import { keccak, keccakHex } from "../../../common/keccak.ts";
import { encodeRlp } from "../../../common/rlp.ts";
import type { AccessEntry } from "../../../common/transaction-fields.ts";
import { addBalance, decodeAccount, readAccount, writeAccount } from "../../../l2-node/execution/account.ts";
import { installDelegations } from "../../../l2-node/execution/delegations.ts";
import { AnhEvm, evmCommon } from "../../../l2-node/execution/evm.ts";
import { genesisState } from "../../../l2-node/execution/genesis.ts";
import { DOMAIN } from "../../../l2-node/execution/keys.ts";
import { kzg } from "../../../l2-node/execution/kzg.ts";
import { type RunBlock, runMessage } from "../../../l2-node/execution/run.ts";
import type { WorldState } from "../../../l2-node/execution/state.ts";
import { authorityFor, delegationsOf } from "../../../l2-node/ledger/delegations.ts";
import { floorGas, intrinsicGas, priceWei } from "../../../l2-node/ledger/gas.ts";

type Accounts = Record<Address, { nonce: Hex; balance: Hex; code: Hex; storage: Record<Hex, Hex> }>;
export interface StateTest {
  readonly pre: Accounts;
  readonly env: Record<string, Hex>;
  readonly transaction: {
    readonly sender: Address;
    readonly to: Address | "";
    readonly nonce: Hex;
    readonly data: readonly Hex[];
    readonly gasLimit: readonly Hex[];
    readonly value: readonly Hex[];
    readonly gasPrice?: Hex;
    readonly maxFeePerGas?: Hex;
    readonly maxPriorityFeePerGas?: Hex;
    readonly accessLists?: readonly (readonly AccessEntry[] | null)[];
    readonly blobVersionedHashes?: readonly Hex[];
    readonly authorizationList?: readonly Record<"chainId" | "address" | "nonce" | "yParity" | "r" | "s", Hex>[];
  };
  readonly post: Record<string, readonly Post[]>;
}
export interface Post {
  readonly hash: Hex;
  readonly logs: Hex;
  readonly expectException?: string;
  readonly indexes: { readonly data: number; readonly gas: number; readonly value: number };
}
export type Fork = "Cancun" | "Osaka";

// The vectors hold zero-padded numbers, odd lengths and mixed case.
const natural = (hex: Hex | undefined): bigint => BigInt(hex ?? "0x0");
const word = (hex: Hex): Hex => `0x${natural(hex).toString(16).padStart(64, "0")}`;

const allocOf = (pre: Accounts): GenesisAlloc =>
  Object.fromEntries(
    Object.entries(pre).map(([address, { nonce, balance, code, storage }]) => [
      lower(address),
      {
        nonce: natural(nonce),
        balanceWei: natural(balance),
        code,
        storage: Object.fromEntries(
          Object.entries(storage)
            .filter(([, value]) => natural(value) !== 0n)
            .map(([slot, value]) => [word(slot as Hex), word(value)]),
        ),
      },
    ]),
  );

const blockOf = (env: StateTest["env"]): RunBlock => ({
  number: natural(env.currentNumber),
  beneficiary: lower(env.currentCoinbase as Hex),
  timestamp: natural(env.currentTimestamp),
  baseFeeWei: natural(env.currentBaseFee),
  gasLimit: natural(env.currentGasLimit),
  mixHash: word(env.currentRandom ?? "0x0"),
});

const cancun = createCustomCommon({ chainId: 1, name: "test" }, Mainnet, {
  hardfork: Hardfork.Cancun,
  customCrypto: { keccak256: keccak, kzg },
});
const CHAIN_ID = 1n;
const commons = { Cancun: cancun, Osaka: evmCommon(CHAIN_ID) } as const;

/** Transactions ANH does not know, or that may not be in a block, are not for this runner. */
export const applies = ({ transaction }: StateTest, post: Post): boolean =>
  post.expectException === undefined && !transaction.blobVersionedHashes;

/** The transaction that a post state is about. */
function transactionOf({ transaction }: StateTest, { indexes }: Post) {
  return {
    sender: lower(transaction.sender),
    to: transaction.to === "" ? null : lower(transaction.to),
    nonce: natural(transaction.nonce),
    data: bytesOfHex(transaction.data[indexes.data]!),
    gasLimit: natural(transaction.gasLimit[indexes.gas]),
    valueWei: natural(transaction.value[indexes.value]),
    maxFeeWei: natural(transaction.maxFeePerGas ?? transaction.gasPrice),
    maxTipWei: natural(transaction.maxPriorityFeePerGas ?? transaction.gasPrice),
    accessList: (transaction.accessLists?.[indexes.data] ?? []).map(({ address, storageKeys }) => ({
      address: lower(address),
      storageKeys: storageKeys.map(word),
    })),
    authorizations: (transaction.authorizationList ?? []).map(({ chainId, address, nonce, yParity, r, s }) =>
      withAuthority({
        chainId: natural(chainId),
        address: lower(address),
        nonce: natural(nonce),
        yParity: Number(natural(yParity)),
        r: natural(r),
        s: natural(s),
      }),
    ),
  };
}

export async function runStateTest(test: StateTest, post: Post, fork: Fork): Promise<{ hash: Hex; logs: Hex }> {
  const state = genesisState(allocOf(test.pre));
  const block = blockOf(test.env);
  const transaction = transactionOf(test, post);
  const { sender, gasLimit, nonce } = transaction;
  const price = priceWei(transaction, block.baseFeeWei);
  const before = readAccount(state, sender);
  writeAccount(state, sender, { ...before, nonce: nonce + 1n, balanceWei: before.balanceWei - gasLimit * price });

  // The vectors' BLOCKHASH: keccak of the number in decimal.
  const hashOfBlock = (number: number): Hex => keccakHex(Buffer.from(String(number)));
  const evm = new AnhEvm(commons[fork], state, hashOfBlock, () => ({ kind: "halt" }));
  const intrinsic = intrinsicGas(transaction);
  // Ethereum's nonces are the state's; ANH's are the ledger's, which judge by the same rule.
  const nonceOf = (account: Address) => readAccount(state, account).nonce;
  const refundGas = installDelegations(state, delegationsOf(transaction.authorizations, CHAIN_ID, nonceOf));
  const authorities = transaction.authorizations.flatMap(
    (authorization) => authorityFor(authorization, CHAIN_ID) ?? [],
  );
  const message = { ...transaction, authorities, from: sender, gasLimit: gasLimit - intrinsic, priceWei: price };
  const result = await runMessage(evm, message, block);
  const spent = intrinsic + result.gasUsed;
  const used = largerOf(
    spent - smallerOf(result.refundGas + refundGas, spent / 5n),
    fork === "Osaka" ? floorGas(transaction.data) : 0n,
  );
  addBalance(state, sender, (gasLimit - used) * price);
  addBalance(state, block.beneficiary, used * (price - block.baseFeeWei));
  const logs = result.logs.map((log) => [bytesOfHex(log.address), log.topics.map(bytesOfHex), bytesOfHex(log.data)]);
  return { hash: await ethereumRoot(state), logs: keccakHex(encodeRlp(logs)) };
}

const trie = () => createMPT({ useKeyHashing: true, useKeyHashingFunction: keccak });

/** The state as Ethereum commits to it. */
async function ethereumRoot(state: WorldState): Promise<Hex> {
  const accounts = await trie();
  const storages = new Map<string, MerklePatriciaTrie>();
  for (const [key, value] of state.writes()) {
    if (!key.startsWith(DOMAIN.storage) || value === undefined) continue;
    const address = key.slice(2, 42);
    const storage = storages.get(address) ?? (await trie());
    storages.set(address, storage);
    await storage.put(bytesOfHex(`0x${key.slice(42)}`), encodeRlp(naturalBytes(BigInt(hexOf(value)))));
  }
  for (const [key, value] of state.writes()) {
    if (!key.startsWith(DOMAIN.account) || value === undefined) continue;
    const { nonce, balanceWei, codeHash } = decodeAccount(value);
    const account = new Account(nonce, balanceWei, storages.get(key.slice(2))?.root(), bytesOfHex(codeHash));
    await accounts.put(bytesOfHex(`0x${key.slice(2)}`), account.serialize());
  }
  return hexOf(accounts.root());
}
