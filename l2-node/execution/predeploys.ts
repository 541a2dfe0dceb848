import entryPoint from "@account-abstraction/contracts/artifacts/EntryPoint.json" with { type: "json" };
import {
  type Address,
  concatHex,
  type Hex,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializedLegacy,
} from "viem";
import { lower } from "../../common/addresses.ts";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import type { GenesisAccount, GenesisAlloc } from "../../common/chain-file.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { readAccount, readCode } from "./account.ts";
import { AnhEvm, evmCommon } from "./evm.ts";
import { DOMAIN } from "./keys.ts";
import published from "./predeploys.json" with { type: "json" };
import { type RunBlock, runMessage } from "./run.ts";
import { WorldState } from "./state.ts";

/**
 * What created a contract on every chain it is on. Both kinds bind the code to the address: a signed transaction through
 * its sender, who sent nothing before; CREATE2 through the hash of the creation code.
 */
export type Predeploy = { readonly name: string; readonly address: Address } & (
  | { readonly transaction: Hex }
  | { readonly salt: Hex; readonly initcode: Hex }
);

/** The CREATE2 factory first: it creates others. ERC-4337's EntryPoint is that of its version 0.8, which serves EIP-7702's accounts. */
export const predeploys: readonly Predeploy[] = [
  ...(published as readonly Predeploy[]),
  {
    name: "EntryPoint",
    address: "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
    salt: "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9",
    initcode: entryPoint.bytecode as Hex,
  },
];
const FACTORY = predeploys[0]!.address;

const NOBODY: Address = "0x0000000000000000000000000000000000000000";
const CREATION_GAS = 10_000_000n;
const FREE = { nonce: 0n, valueWei: 0n, gasLimit: CREATION_GAS, priceWei: 0n, accessList: [] } as const;
/** Before everything: nothing created here asks for more of its block than the chain's id. */
const BLOCK: RunBlock = {
  number: 0n,
  beneficiary: NOBODY,
  timestamp: 0n,
  baseFeeWei: 0n,
  gasLimit: CREATION_GAS,
  mixHash: ZERO_HASH,
};

/** The well-known contracts of an L2's genesis (P0.6), made by running what created them elsewhere: immutables are this chain's. */
export async function predeployAlloc(l2ChainId: bigint, list = predeploys): Promise<GenesisAlloc> {
  const world = new WorldState({ get: () => undefined });
  const evm = new AnhEvm(
    evmCommon(l2ChainId),
    world,
    () => ZERO_HASH,
    () => ({ kind: "halt" }),
  );
  for (const predeploy of list) {
    const { status } = await runMessage(evm, { ...(await creationOf(predeploy)), ...FREE }, BLOCK);
    if (status !== "success") throw new Error(`${predeploy.name} was not created: ${status}`);
  }
  for (const { name, address } of list)
    if (readCode(world, address).length === 0) throw new Error(`${name} was created somewhere else than at ${address}`);
  return Object.fromEntries(createdIn(world));
}

/** All contracts there are, in the order of their creation: one that is listed may have created others. */
function createdIn(world: WorldState): (readonly [Address, GenesisAccount])[] {
  return world
    .writtenUnder(DOMAIN.account)
    .map((key) => `0x${key.slice(DOMAIN.account.length)}` as Address)
    .map((address) => [address, readCode(world, address)] as const)
    .filter(([, code]) => code.length > 0)
    .map(([address, code]) => {
      if (world.writtenUnder(DOMAIN.storage + address.slice(2)).length > 0)
        throw new Error(`${address} begins with storage`);
      return [address, { nonce: readAccount(world, address).nonce, code: hexOf(code) }];
    });
}

async function creationOf(predeploy: Predeploy): Promise<{ from: Address; to: Address | null; data: Uint8Array }> {
  if ("salt" in predeploy)
    return { from: NOBODY, to: FACTORY, data: bytesOfHex(concatHex([predeploy.salt, predeploy.initcode])) };
  const serializedTransaction = predeploy.transaction as TransactionSerializedLegacy;
  const from = lower(await recoverTransactionAddress({ serializedTransaction }));
  return { from, to: null, data: bytesOfHex(parseTransaction(serializedTransaction).data ?? "0x") };
}
