import { expect, it } from "vitest";
import { signedBy, transfer, walletsOf } from "../../../cli/bench/transactions.ts";
import { parseTransaction } from "../../../common/transaction.ts";

it("transfers are transactions of their wallets, nonce by nonce", () => {
  const wallets = walletsOf(3);
  const parsed = signedBy(42n, wallets, 2, transfer).map(({ raw }) => parseTransaction(raw, 42n));
  expect(parsed.map(({ sender }) => sender)).toEqual([...wallets, ...wallets].map(({ address }) => address));
  expect(parsed.map(({ nonce }) => nonce)).toEqual([0n, 0n, 0n, 1n, 1n, 1n]);
  expect(parsed.map(({ to }) => to)).toEqual([1, 2, 0, 1, 2, 0].map((i) => wallets[i]!.address));
});
