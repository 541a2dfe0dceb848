import type { Address } from "viem";
import type { Transaction } from "../common/transaction.ts";
import { EMPTY_CODE_HASH } from "./execution/account.ts";
import type { Execution } from "./execution/execution.ts";
import { PoolError } from "./sequencer/pool-error.ts";

/**
 * Refuses a value that the sender's L2 balance does not cover (2-protocol §9). The newest state already executed decides
 * in the sender's favour at once; only before a refusal is the rest executed, since a deposit may lie in it.
 */
export const valueCheck =
  (execution: Execution) =>
  async ({ sender, valueWei }: Transaction): Promise<void> => {
    if (valueWei === 0n) return;
    if (execution.knownAccount(sender).balanceWei >= valueWei) return;
    const { balanceWei } = await execution.account(sender, "latest");
    if (balanceWei < valueWei)
      throw new PoolError(
        "insufficient-balance",
        `insufficient funds for gas * price + value: balance ${balanceWei} wei, value ${valueWei} wei`,
        {
          expected: valueWei,
          actual: balanceWei,
          hint: "prepaid gas pays fees only; move some with toBalance, or bridge ETH",
        },
      );
  };

/** As of the newest state already executed: what a contract that is not there yet takes, it takes a little later. */
export const hasCode =
  (execution: Execution) =>
  (address: Address): boolean =>
    execution.knownAccount(address).codeHash !== EMPTY_CODE_HASH;
