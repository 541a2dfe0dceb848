import { encodeFunctionData, formatEther, type Hex, type PublicClient, parseEther } from "viem";
import { OUTBOX_ADDRESS } from "../../../common/addresses.ts";
import { bridgeAbi } from "../../../common/contracts/bridge.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { AnhError } from "../../../common/errors.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { until } from "../../stack/until.ts";
import type { Cast } from "../cast.ts";
import { sendPatiently, succeeded } from "../send.ts";

const GAS_DEPOSIT_WEI = parseEther("2");
const ETH_DEPOSIT_WEI = parseEther("5");
export const WITHDRAWN_WEI = parseEther("1");
const SHORT_MS = 30_000;
/** Twice what a transfer needs and more: what it does not use becomes credit. */
const GENEROUS_GAS = 200_000n;

/** The user prepays gas on L1 and bridges ETH; both arrive as inbox messages. */
export async function fundUser({ stack, l2, teller, userL1 }: Cast): Promise<void> {
  const { address } = userL1.account;
  const { prepaidGas, bridge } = stack.chain.contracts;
  const prepaid = await userL1.writeContract({
    address: prepaidGas,
    abi: prepaidGasAbi,
    functionName: "deposit",
    args: [address],
    value: GAS_DEPOSIT_WEI,
  });
  await receiptOf(stack.l1, prepaid);
  const bridged = await userL1.writeContract({
    address: bridge,
    abi: bridgeAbi,
    functionName: "depositEth",
    args: [address],
    value: ETH_DEPOSIT_WEI,
  });
  await receiptOf(stack.l1, bridged);
  await until(
    "the prepaid gas is in the L2 ledger",
    SHORT_MS,
    async () => (await l2.prepaidWei(address)) >= GAS_DEPOSIT_WEI,
  );
  await until(
    "the bridged ETH is on L2",
    SHORT_MS,
    async () => (await l2.client.getBalance({ address })) >= ETH_DEPOSIT_WEI,
  );
  teller.tell(
    "funded",
    { account: address, prepaidWei: GAS_DEPOSIT_WEI, bridgedWei: ETH_DEPOSIT_WEI },
    `the user prepaid ${formatEther(GAS_DEPOSIT_WEI)} ETH of gas on L1 and bridged ${formatEther(ETH_DEPOSIT_WEI)} ETH`,
  );
}

export interface Spent {
  readonly withdrawal: Hex;
}

/** A few transfers that leave credit, and a withdrawal. */
export async function spendSome({ l2, teller, user }: Cast): Promise<Spent> {
  const { address } = user.account;
  const hashes: Hex[] = [];
  for (const i of [1, 2, 3]) {
    const to: Hex = `0x${String(i).padStart(40, "0")}`;
    hashes.push(await sendPatiently(user, l2, { to, value: parseEther("0.1"), gas: GENEROUS_GAS } as never));
  }
  const { abi } = readArtifacts()("l2/Outbox");
  const data = encodeFunctionData({ abi, functionName: "withdraw", args: [address] });
  const withdrawal = await sendPatiently(user, l2, { to: OUTBOX_ADDRESS, data, value: WITHDRAWN_WEI } as never);
  for (const hash of [...hashes, withdrawal]) await succeeded(l2, hash, "a transfer");
  teller.tell(
    "spent",
    { transfers: hashes.length, withdrawal },
    `3 transfers, and ${formatEther(WITHDRAWN_WEI)} ETH on its way back to L1`,
  );
  return { withdrawal };
}

async function receiptOf(l1: PublicClient, hash: Hex): Promise<void> {
  const { status } = await l1.waitForTransactionReceipt({ hash });
  if (status !== "success") throw new AnhError("story-failed", `L1 transaction ${hash} reverted`);
}
