import { createPublicClient, createWalletClient, custom, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { ChainFile } from "../common/chain-file.ts";
import type { EventSink } from "./events.ts";
import { openAgreed, patienceFor } from "./l1/agreed.ts";
import { openEndpoints } from "./l1/endpoints.ts";
import { openLogBook, PROVEN_BLOCKS } from "./l1/log-book.ts";
import { l1Transport } from "./l1/transport.ts";
import type { L1 } from "./l1.ts";
import { openSender, type Sender } from "./sender.ts";

export type L1Options = {
  /** Of one and the same L1: what they differ about is not believed. */
  readonly urls: readonly [string, ...string[]];
  readonly chain: ChainFile;
  readonly pollMs: number;
};

/** L1 as a service reads it: by what its endpoints agree on, with logs that are proven (`l1Transport`). */
export function openL1({ urls, chain, pollMs }: L1Options, events: EventSink): L1 {
  const endpoints = openEndpoints(urls, events);
  const agreed = openAgreed(patienceFor(chain.clocks), endpoints, events);
  const { resultClaims, deliveries, demands, disputes } = chain.contracts;
  const addresses = [resultClaims, deliveries, demands, disputes];
  const book = openLogBook({ chain, addresses, provenBlocks: PROVEN_BLOCKS }, { agreed, endpoints });
  return {
    client: createPublicClient({
      transport: l1Transport({ agreed, endpoints, book, maxAgeMs: pollMs }),
      pollingInterval: pollMs,
      cacheTime: 0,
    }),
    contracts: chain.contracts,
    fromBlock: chain.deployedAtL1Block,
  };
}

/** `resendMs`: see `openSender`. */
export function openAccountSender(l1: L1, key: Hex, resendMs?: number): Sender {
  const transport = custom(l1.client, { retryCount: 0 });
  const wallet = createWalletClient({ account: privateKeyToAccount(key), transport });
  return openSender({ l1: l1.client, wallet, ...(resendMs === undefined ? {} : { resendMs }) });
}
