import { type Abi, type Address, decodeFunctionData, type Hex, type PublicClient } from "viem";

/** Gas that one kind of L1 transaction used over a run. */
export interface ActionGas {
  readonly count: number;
  readonly minGas: bigint;
  readonly maxGas: bigint;
  readonly totalGas: bigint;
  readonly reverted: number;
}

export interface NamedContract {
  readonly name: string;
  readonly address: Address;
  readonly abi: Abi;
}

export interface L1Call {
  readonly action: string;
  readonly args: readonly unknown[];
  readonly from: Address;
  readonly hash: Hex;
  readonly gasUsed: bigint;
  readonly reverted: boolean;
}

/** Every L1 transaction to one of our contracts, oldest first, read from L1 itself: nobody's own account of it. */
export async function l1Calls(
  client: PublicClient,
  contracts: readonly NamedContract[],
  fromBlock: bigint,
): Promise<L1Call[]> {
  const byAddress = new Map(contracts.map((contract) => [contract.address.toLowerCase(), contract]));
  const calls: L1Call[] = [];
  const head = await client.getBlockNumber();
  for (let number = fromBlock; number <= head; number++) {
    const { transactions } = await client.getBlock({ blockNumber: number, includeTransactions: true });
    for (const transaction of transactions) {
      const contract = byAddress.get(transaction.to?.toLowerCase() ?? "");
      if (contract === undefined) continue;
      const receipt = await client.getTransactionReceipt({ hash: transaction.hash });
      const { functionName, args } = decodeFunctionData({ abi: contract.abi, data: transaction.input });
      calls.push({
        action: `${contract.name}.${functionName}`,
        args: args ?? [],
        from: transaction.from,
        hash: transaction.hash,
        gasUsed: receipt.gasUsed,
        reverted: receipt.status === "reverted",
      });
    }
  }
  return calls;
}

/** Figures per action, sorted by name. */
export function gasPerAction(calls: readonly L1Call[]): Record<string, ActionGas> {
  const figures = new Map<string, ActionGas>();
  for (const { action, gasUsed, reverted } of calls) {
    const known = figures.get(action);
    figures.set(action, {
      count: (known?.count ?? 0) + 1,
      minGas: known === undefined || gasUsed < known.minGas ? gasUsed : known.minGas,
      maxGas: known === undefined || gasUsed > known.maxGas ? gasUsed : known.maxGas,
      totalGas: (known?.totalGas ?? 0n) + gasUsed,
      reverted: (known?.reverted ?? 0) + (reverted ? 1 : 0),
    });
  }
  return Object.fromEntries([...figures].sort(([a], [b]) => (a < b ? -1 : 1)));
}
