import { bytesToHex, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

/** The mnemonic every Ethereum development chain uses: worthless anywhere else, and meant to be public. */
export const DEV_MNEMONIC = "test test test test test test test test test test test junk";

/** Who does what in the developer stack; each role has a key and hence an L1 nonce queue of its own. */
const ROLES = [
  "deployer",
  "sequencer",
  "accountant",
  "executor",
  "tolerantExecutor",
  "liar",
  "challenger",
  "relayer",
  "user",
] as const;
export type Role = (typeof ROLES)[number];

export interface DevAccount {
  readonly address: Hex;
  readonly privateKey: Hex;
}

/** Accounts that a developer may use as they like: the first plays the user in the demo. */
const USERS = 5;
/** Index of the first in the mnemonic's derivation path. */
export const FIRST_USER = ROLES.indexOf("user");

function atIndex(addressIndex: number): DevAccount {
  const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex });
  return { address: account.address, privateKey: bytesToHex(account.getHdKey().privateKey as Uint8Array) };
}

export const devAccount = (role: Role): DevAccount => atIndex(ROLES.indexOf(role));
export const devUsers = (): DevAccount[] => Array.from({ length: USERS }, (_, i) => atIndex(FIRST_USER + i));
