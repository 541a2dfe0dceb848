import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { ChainFile } from "../common/chain-file.ts";
import type { L1 } from "./l1.ts";
import { openSender, type Sender } from "./sender.ts";

export type L1Options = { readonly url: string; readonly chain: ChainFile; readonly pollMs: number };

/** Reads in one round trip what a service asks for at once. */
export const openL1 = ({ url, chain, pollMs }: L1Options): L1 => ({
  client: createPublicClient({ transport: http(url, { batch: true }), pollingInterval: pollMs, cacheTime: 0 }),
  contracts: chain.contracts,
  fromBlock: chain.deployedAtL1Block,
});

/** `resendMs`: see `openSender`. */
export function openAccountSender(l1: L1, url: string, key: Hex, resendMs?: number): Sender {
  const wallet = createWalletClient({ account: privateKeyToAccount(key), transport: http(url) });
  return openSender({ l1: l1.client, wallet, ...(resendMs === undefined ? {} : { resendMs }) });
}
