import {
  BaseError,
  ContractFunctionRevertedError,
  encodeFunctionData,
  formatEther,
  type Hex,
  numberToHex,
  parseAbi,
} from "viem";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { bridgeAbi } from "../../../common/contracts/bridge.ts";
import { stateClaimsAbi } from "../../../common/contracts/state-claims.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { devAccount } from "../../stack/accounts.ts";
import { until } from "../../stack/until.ts";
import type { Cast } from "../cast.ts";
import type { CreditProofView, WithdrawalProofView } from "../l2.ts";
import { receiptOf, sendPatiently } from "../send.ts";
import { WITHDRAWN_WEI } from "./money.ts";

const SETTLE_MS = 150_000;
const SHORT_MS = 30_000;

/** For show: a state claim over open results is refused by L1, whoever signs it. */
export async function refuseEarlyStateClaim({ stack, l2, teller }: Cast): Promise<boolean> {
  const refused = await until("L1 refuses a state claim over open results", SHORT_MS, async () => {
    const head = await l2.client.getBlock({ blockTag: "safe" });
    if (head.number === 0n) return null;
    const roots = await l2.roots(numberToHex(head.number as bigint));
    const claim = {
      number: head.number as bigint,
      headerHash: roots.headerHash,
      stateRoot: roots.stateRoot,
      outboxRoot: roots.outboxRoot,
      creditsRoot: roots.creditsRoot,
      blocksRoot: ZERO_HASH,
      accountantFeesWei: BigInt(roots.accountantFeesWei),
    };
    const error = await stack.l1
      .simulateContract({
        address: stack.chain.contracts.stateClaims,
        abi: stateClaimsAbi,
        functionName: "post",
        args: [claim],
        account: devAccount("accountant").address,
      })
      .then(
        () => null,
        (reason: unknown) => reason,
      );
    return errorName(error) === "ResultsOpen" ? errorName(error) : null;
  });
  teller.tell("state-claim-refused", { error: refused }, `a state claim over open results: reverted with ${refused}`);
  return true;
}

const errorName = (error: unknown): string | undefined => {
  const reverted =
    error instanceof BaseError ? error.walk((inner) => inner instanceof ContractFunctionRevertedError) : null;
  return reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined;
};

const ledgerAbi = parseAbi(["function redeem(uint256 cumulativeWei, uint256 index, bytes32[] proof)"]);

/** After the first settled state claim: unused gas becomes prepaid again, by a ledger message that executes nothing. */
export async function redeemCredit({ l2, teller, user }: Cast): Promise<bigint> {
  const { address } = user.account;
  const credit = await until("a state claim settled that holds the user's credit", SETTLE_MS, async () => {
    const proof = await l2.request<CreditProofView | null>("anh_getCreditProof", [address]).catch(() => null);
    return proof !== null && BigInt(proof.cumulativeWei) > 0n ? proof : null;
  });
  const before = await l2.prepaidWei(address);
  const redeemable = BigInt((await l2.request<{ redeemableWei: Hex }>("anh_getCredit", [address])).redeemableWei);
  const data = encodeFunctionData({
    abi: ledgerAbi,
    functionName: "redeem",
    args: [BigInt(credit.cumulativeWei), BigInt(credit.index), credit.proof],
  });
  // The node that seals must have consumed the Settled message the proof is against.
  const hash = await until("the ledger takes the redemption", SHORT_MS, () =>
    sendPatiently(user, l2, { to: LEDGER_ADDRESS, data } as never).catch(() => null),
  );
  await receiptOf(l2, hash);
  const after = await l2.prepaidWei(address);
  const redeemedWei = BigInt(credit.cumulativeWei);
  teller.tell(
    "credit-redeemed",
    { redeemedWei, prepaidBeforeWei: before, prepaidAfterWei: after, redeemableWei: redeemable },
    `credit of ${formatEther(redeemedWei)} ETH redeemed: unused gas is prepaid gas again`,
  );
  return redeemedWei;
}

export interface Withdrawal {
  readonly withdrawn: boolean;
  readonly doubleReverted: boolean;
}

/** The withdrawal is paid on L1 once; a second attempt reverts. */
export async function withdrawTwice({ stack, l2, teller, userL1 }: Cast, index: bigint): Promise<Withdrawal> {
  const { address } = userL1.account;
  const proof = await until("the withdrawal is in a settled state", SETTLE_MS, () =>
    l2.request<WithdrawalProofView | null>("anh_getWithdrawalProof", [numberToHex(index)]).catch(() => null),
  );
  const { withdrawal } = proof;
  const call = {
    address: stack.chain.contracts.bridge,
    abi: bridgeAbi,
    functionName: "finalizeWithdrawal",
    args: [
      BigInt(proof.number),
      {
        index: BigInt(withdrawal.index),
        from: withdrawal.from,
        to: withdrawal.to,
        amountWei: BigInt(withdrawal.amountWei),
      },
      proof.proof as never,
    ],
    // Named so that the second attempt is sent and reverts on chain instead of failing in the estimate.
    gas: 500_000n,
  } as const;
  const before = await stack.l1.getBalance({ address });
  const first = await stack.l1.waitForTransactionReceipt({ hash: await userL1.writeContract(call) });
  const paid = (await stack.l1.getBalance({ address })) - before + first.gasUsed * first.effectiveGasPrice;
  const second = await stack.l1.waitForTransactionReceipt({ hash: await userL1.writeContract(call) });
  const withdrawn = first.status === "success" && paid === WITHDRAWN_WEI;
  const doubleReverted = second.status === "reverted";
  teller.tell(
    "withdrawn",
    { withdrawn, paidWei: paid, doubleReverted },
    `${formatEther(paid)} ETH paid on L1; the second attempt ${doubleReverted ? "reverted" : "was paid as well"}`,
  );
  return { withdrawn, doubleReverted };
}
