import {
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { L2_CHAIN_ID } from "../stack/stack.ts";

export const l2Chain = (url: string) =>
  defineChain({
    id: Number(L2_CHAIN_ID),
    name: "ANH devnet",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });

/** What the demo reads of `anh_getJob`; quantities are hex. */
export interface JobView {
  readonly id: Hex;
  readonly status: "open" | "claimed" | "soft" | "final" | "void" | "failed";
  readonly claimHash?: Hex;
  readonly claimant?: Address;
  readonly resultRoot?: Hex;
  readonly output?: Hex;
  readonly overturned: boolean;
}

export interface StatusView {
  readonly state: string;
  readonly id?: Hex;
  readonly blockNumber?: Hex;
}

export interface RootsView {
  readonly number: Hex;
  readonly headerHash: Hex;
  readonly stateRoot: Hex;
  readonly outboxRoot: Hex;
  readonly creditsRoot: Hex;
  readonly accountantFeesWei: Hex;
}

export interface CreditProofView {
  readonly cumulativeWei: Hex;
  readonly index: Hex;
  readonly proof: readonly Hex[];
  readonly number: Hex;
}

export interface WithdrawalProofView {
  readonly withdrawal: { readonly index: Hex; readonly from: Address; readonly to: Address; readonly amountWei: Hex };
  readonly proof: readonly Hex[];
  readonly number: Hex;
}

/** A node that was killed is back within seconds: the story's clients ask again for about ten. */
const PATIENT = { retryCount: 6, retryDelay: 150 } as const;

/** An ordinary viem client of the L2, and the calls that only this chain has. */
export interface L2 {
  readonly client: PublicClient;
  readonly request: <T>(method: string, params?: readonly unknown[]) => Promise<T>;
  readonly job: (id: Hex) => Promise<JobView | null>;
  readonly status: (hash: Hex) => Promise<StatusView | null>;
  readonly prepaidWei: (account: Address) => Promise<bigint>;
  readonly roots: (block: Hex) => Promise<RootsView>;
}

export function openL2(url: string): L2 {
  const client = createPublicClient({
    chain: l2Chain(url),
    transport: http(url, PATIENT),
    pollingInterval: 200,
    cacheTime: 0,
  });
  const request = <T>(method: string, params: readonly unknown[] = []): Promise<T> =>
    client.request({ method, params } as never) as Promise<T>;
  return {
    client: client as PublicClient,
    request,
    job: (id) => request("anh_getJob", [id]),
    status: (hash) => request("anh_getTransactionStatus", [hash]),
    prepaidWei: async (account) => BigInt(await request<Hex>("anh_getPrepaidGas", [account])),
    roots: (block) => request("anh_getBlockRoots", [block]),
  };
}

export const openWallet = (url: string, privateKey: Hex) =>
  createWalletClient({ account: privateKeyToAccount(privateKey), chain: l2Chain(url), transport: http(url, PATIENT) });
