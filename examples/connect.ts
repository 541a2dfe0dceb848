import { existsSync } from "node:fs";
import { join } from "node:path";
import { createPublicClient, createWalletClient, defineChain, type Hex, http, type TransactionReceipt } from "viem";
import { mnemonicToAccount } from "viem/accounts";

export const DEFAULT_URL = "http://127.0.0.1:9545";

/** Seconds since the script began, and what happened. */
export const say = (text: string): void =>
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)}s  ${text}`);

/** Ends the process: what is wrong, and what to do. */
export function stop(problem: string, hint: string): never {
  console.error(`${problem}\n  ${hint}`);
  process.exit(1);
}

/** A whole number from 1 that somebody typed. */
export function countFrom(name: string, words: string): number {
  if (/^[1-9]\d{0,8}$/.test(words)) return Number(words);
  return stop(`${name} is "${words}"`, "a whole number from 1 is expected");
}

/** The data folder of a running `./anh dev`, as somebody typed it. */
export function dataFolder(words: string | undefined): string {
  if (words !== undefined && existsSync(join(words, "chain.json"))) return words;
  return stop(
    words === undefined ? "the data folder is missing" : `${words} holds no chain.json`,
    "name the data folder of a running ./anh dev, as its --data-dir does",
  );
}

/**
 * The L2 of a running `./anh dev` as plain viem sees it, with one of the accounts that it gave prepaid gas and ETH: 8 to 12 of
 * the mnemonic it prints. Elsewhere you bring your own key. Ends the process where nothing answers.
 */
export async function connect(url: string, addressIndex: number) {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    stop(`"${url}" is no URL`, "name the L2's URL as ./anh dev prints it, e.g. http://127.0.0.1:9545");
  const id = await createPublicClient({ transport: http(url, { retryCount: 1 }) })
    .getChainId()
    .catch(() => stop(`nothing answers at ${url}`, "start ./anh dev in another terminal, or name the L2's URL"));
  const chain = defineChain({
    id,
    name: "ANH devnet",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const account = mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex });
  const l2 = createPublicClient({ chain, transport: http(), pollingInterval: 250 });
  const wallet = createWalletClient({ account, chain, transport: http() });
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
