import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { RpcError } from "../errors.ts";
import { baseFeeWei, suggestedTipWei } from "../fees.ts";
import { formatTransaction } from "../format.ts";
import { method } from "../method.ts";
import { callRequest } from "../schemas.ts";
import { unsignedTransaction } from "../unsigned.ts";
import { ethEstimateGas } from "./eth-estimate-gas.ts";
import { ethGetTransactionCount } from "./eth-get-transaction-count.ts";

/** The transaction a request would be, ready to sign: nonce, gas and prices where they are missing. viem asks this first. */
export const ethFillTransaction = method(z.tuple([callRequest]), async (context, [request]) => {
  const { from, to = null, gasPrice, value, accessList } = request;
  if (!from)
    throw new RpcError("invalidParams", "invalid params: argument 0.from: expected an address, 20 bytes in hex");
  if (request.authorizationList) throw new RpcError("unsupported", "set-code transactions are filled by their wallets");
  const tipWei = request.maxPriorityFeePerGas ?? suggestedTipWei(context);
  const feeWei = gasPrice ?? request.maxFeePerGas ?? 2n * baseFeeWei(context) + tipWei;
  const hexed = Object.fromEntries(Object.entries(request).map(([key, field]) => [key, unparsed(field)]));
  const nonce = request.nonce ?? BigInt((await ethGetTransactionCount(context, [from, "pending"])) as string);
  const priced = gasPrice == null ? { maxFeePerGas: unparsed(feeWei), maxPriorityFeePerGas: unparsed(tipWei) } : {};
  const gasLimit = request.gas ?? BigInt((await ethEstimateGas(context, [{ ...hexed, ...priced }])) as string);
  const transaction = unsignedTransaction({
    type: gasPrice == null ? 2 : accessList ? 1 : 0,
    chainId: context.chain.file.l2ChainId,
    nonce,
    maxTipWei: gasPrice ?? tipWei,
    maxFeeWei: feeWei,
    gasLimit,
    to: to ?? null,
    valueWei: value ?? 0n,
    data: request.input ?? request.data ?? "0x",
    accessList: accessList ?? [],
    sender: from,
  });
  return { raw: hexOf(transaction.raw), tx: formatTransaction(transaction) };
});

/** A parsed field as it came. */
const unparsed = (field: unknown): unknown => (typeof field === "bigint" ? `0x${field.toString(16)}` : field);
