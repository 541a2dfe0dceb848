import type { Hex, WalletClient } from "viem";
import { createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { devAccount } from "../stack/accounts.ts";
import { L1_CHAIN_ID, type Stack } from "../stack/stack.ts";
import { type L2, openL2, openWallet } from "./l2.ts";
import type { ServiceLog } from "./service-log.ts";
import type { Teller } from "./teller.ts";

/** The user's two wallets and everything a chapter looks at. */
export interface Cast {
  readonly stack: Stack;
  readonly l2: L2;
  readonly teller: Teller;
  readonly services: ServiceLog;
  readonly user: ReturnType<typeof openWallet>;
  readonly userL1: ReturnType<typeof l1Wallet>;
  /** Seconds since the story began. */
  readonly seconds: () => number;
}

export const l1Wallet = (url: string, privateKey: Hex) =>
  createWalletClient({
    account: privateKeyToAccount(privateKey),
    chain: defineChain({
      id: L1_CHAIN_ID,
      name: "embedded L1",
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: { default: { http: [url] } },
    }),
    transport: http(url),
  }) satisfies WalletClient;

export function openCast(stack: Stack, teller: Teller, services: ServiceLog): Cast {
  const { privateKey } = devAccount("user");
  const startMs = performance.now();
  return {
    stack,
    teller,
    services,
    l2: openL2(stack.l2Url),
    user: openWallet(stack.l2Url, privateKey),
    userL1: l1Wallet(stack.l1Url, privateKey),
    seconds: () => Math.round((performance.now() - startMs) / 100) / 10,
  };
}
