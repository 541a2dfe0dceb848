import { type Hex, keccak256, type TransactionReceipt } from "viem";
import { AnhError } from "../../common/errors.ts";
import { until } from "../stack/until.ts";
import type { L2, openWallet } from "./l2.ts";

type Wallet = ReturnType<typeof openWallet>;
type Request = Parameters<Wallet["prepareTransactionRequest"]>[0];

const PATIENCE_MS = 60_000;

/**
 * Signs once and offers the same bytes until the node has them: a node that was killed between taking a transaction and
 * saying so knows it when it is back.
 */
export async function sendPatiently(wallet: Wallet, l2: L2, request: Request): Promise<Hex> {
  const prepared = await wallet.prepareTransactionRequest(request as never);
  const raw = await wallet.signTransaction(prepared as never);
  const hash = keccak256(raw);
  await until(`the node takes transaction ${hash}`, PATIENCE_MS, async () => {
    const known = await l2.status(hash).catch(() => null);
    if (known !== null) return true;
    try {
      await l2.client.sendRawTransaction({ serializedTransaction: raw });
      return true;
    } catch (error) {
      if (isRefusal(error)) throw error;
      return false;
    }
  });
  return hash;
}

/** The node answered and said no; anything else may be a node that is just coming back. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && !/already known|HTTP request failed|fetch failed|took too long|ECONN/i.test(error.message);

/** The receipt once the transaction has been executed; a node that is down is asked again. */
export const receiptOf = (l2: L2, hash: Hex): Promise<TransactionReceipt> =>
  until(`transaction ${hash} is executed`, PATIENCE_MS, () =>
    l2.client.getTransactionReceipt({ hash }).catch(() => null),
  );

/** Throws with all that is known if the transaction failed. */
export async function succeeded(l2: L2, hash: Hex, what: string): Promise<void> {
  const receipt = await receiptOf(l2, hash);
  if (receipt.status === "success") return;
  const { gas } = await l2.client.getTransaction({ hash });
  throw new AnhError("story-failed", `${what} failed: transaction ${hash} in block ${receipt.blockNumber}`, {
    expected: "success",
    actual: {
      gasLimit: gas.toString(),
      gasUsed: receipt.gasUsed.toString(),
      revertReason: (receipt as { revertReason?: Hex }).revertReason,
    },
    hint: `gas ${receipt.gasUsed} of ${gas}; the services' logs are in the data folder, under logs/`,
  });
}
