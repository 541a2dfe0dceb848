import { createPublicClient, createWalletClient, defineChain, type Hex, http, type TransactionReceipt } from "viem";
import { mnemonicToAccount } from "viem/accounts";

export const DEFAULT_URL = "http://127.0.0.1:9545";

/** Seconds since the script began, and what happened. */
export const say = (text: string): void =>
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)}s  ${text}`);

/**
 * The L2 of a running `./anh dev` as plain viem sees it, with one of the accounts that it gave prepaid gas and ETH: 8 to 12 of
 * the mnemonic it prints. Elsewhere you bring your own key. Ends the process where nothing answers.
 */
export async function connect(url: string, addressIndex: number) {
  const chain = defineChain({
    id: 424_242,
    name: "ANH devnet",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const account = mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex });
  const l2 = createPublicClient({ chain, transport: http(), pollingInterval: 250 });
  const wallet = createWalletClient({ account, chain, transport: http() });
  await l2.getChainId().catch(() => {
    console.error(`nothing answers at ${url}: start ./anh dev in another terminal, or name the L2's URL`);
    process.exit(1);
  });
  return {
    chain,
    account,
    l2,
    wallet,
    /** The receipt, which comes when the transaction has been executed: for one that needs a training, when that is done. */
    async done(hash: Hex, limitSeconds = 120): Promise<TransactionReceipt> {
      const receipt = await l2.waitForTransactionReceipt({ hash, timeout: 1000 * limitSeconds });
      if (receipt.status !== "success") throw new Error(`transaction ${hash} failed`);
      return receipt;
    },
  };
}
