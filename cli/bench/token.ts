import { type Address, encodeAbiParameters, encodeFunctionData, erc20Abi, type Hex, keccak256, toHex } from "viem";
import { bytesOfHex } from "../../common/bytes.ts";
import type { GenesisAlloc } from "../../common/chain-file.ts";
import { compile } from "../../test/support/gas-meter.ts";
import type { CallTo, Wallet } from "./transactions.ts";

export const TOKEN: Address = `0x${"70".repeat(20)}`;
const BALANCE = toHex(10n ** 18n, { size: 32 });

/** Where OpenZeppelin's ERC20 keeps a balance: its first slot holds the mapping. */
const balanceSlot = (owner: Address): Hex =>
  keccak256(encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [owner, 0n]));

/** The token with a balance of every wallet. */
export const tokenAlloc = (wallets: readonly Wallet[]): GenesisAlloc => ({
  [TOKEN]: {
    nonce: 1n,
    code: compile("cli/bench/Token.sol").deployedBytecode,
    storage: Object.fromEntries(wallets.map(({ address }) => [balanceSlot(address), BALANCE])),
  },
});

/** One unit to the next wallet. */
export const tokenTransfer: CallTo = ({ address }) => ({
  to: TOKEN,
  valueWei: 0n,
  data: bytesOfHex(encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [address, 1n] })),
  gasLimit: 80_000n,
});
