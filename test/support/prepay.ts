import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { devAccount } from "../../cli/stack/accounts.ts";
import { prepaidGasAbi } from "../../common/contracts/prepaid-gas.ts";
import type { TestL1 } from "./l1.ts";
import { testAddress } from "./transactions.ts";

/** An ether of prepaid gas for test account `n`, mined. */
export async function prepay({ url, chain, client }: TestL1, n: number): Promise<void> {
  const account = privateKeyToAccount(devAccount("user").privateKey);
  const wallet = createWalletClient({ account, transport: http(url) });
  const hash = await wallet.writeContract({
    address: chain.contracts.prepaidGas,
    abi: prepaidGasAbi,
    functionName: "deposit",
    args: [testAddress(n)],
    value: 10n ** 18n,
    chain: null,
  });
  await client.waitForTransactionReceipt({ hash });
}
