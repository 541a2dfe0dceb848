import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PublicClient,
  type TransactionReceipt,
} from "viem";
import { mnemonicToAccount } from "viem/accounts";
import type { AnhError } from "../common/errors.ts";
import { troubleOf } from "../common/trouble.ts";
import { chainAt } from "../verifier/chain-at.ts";

export const DEFAULT_URL = "http://127.0.0.1:9545";

/** Seconds since the script began, and what happened. */
export const say = (text: string): void =>
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)}s  ${text}`);

/** Ends the process: what is wrong, and what to do. */
export function stop(problem: string, hint: string): never {
  console.error(`${problem}\n  ${hint}`);
  process.exit(1);
}

/** Prints what stands at the top of an example, and ends the process, where somebody asks for help. */
export function helpFrom(file: string): void {
  if (!process.argv.slice(2).some((word) => word === "--help" || word === "-h")) return;
  const lines = readFileSync(file, "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  console.log(
    lines
      .slice(0, end)
      .map((line) => line.replace(/^\/\/ ?/, ""))
      .join("\n"),
  );
  process.exit(0);
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
  // Asked of the L2 alone: on L1, which answers as well, the first contract would be deployed before anything fails.
  const { chainId } = await chainAt(url).catch(({ code, message, hint }: AnhError) =>
    code === "wrong-l2"
      ? stop(message, hint!)
      : stop(`nothing answers at ${url}`, "start ./anh dev in another terminal, or name the L2's URL"),
  );
  const chain = defineChain({
    id: Number(chainId),
    name: "ANH devnet",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  process.on("uncaughtException", (error) => {
    const { message, url: silent, hint } = troubleOf(error);
    stop(message, hint ?? (silent === undefined ? "this is as far as it came" : GONE));
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
      const waiting = l2.waitForTransactionReceipt({ hash, timeout: 1000 * limitSeconds });
      const receipt = await whileAnswered(url, l2, waiting);
      if (receipt.status !== "success") throw new Error(`transaction ${hash} failed`);
      return receipt;
    },
  };
}

const GONE = "the ./anh dev that ran there says why; started again, its chain begins anew, and so does this";
const ASK_MS = 2_000;
const MAX_SILENCES = 3;

/** What viem waits for it waits for in silence, whether anybody answers or not. */
async function whileAnswered<T>(url: string, l2: PublicClient, waiting: Promise<T>): Promise<T> {
  let silences = 0;
  const asking = setInterval(async () => {
    silences = await l2.getChainId().then(
      () => 0,
      () => silences + 1,
    );
    if (silences >= MAX_SILENCES) stop(`${url} no longer answers`, GONE);
  }, ASK_MS);
  return waiting.finally(() => clearInterval(asking));
}
