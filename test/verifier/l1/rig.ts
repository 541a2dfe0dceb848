// Two endpoints of one L1, on which two deposits are logged: one is honest, the other says what a test has it say.
import { createWalletClient, http, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { ownErrorOf } from "../../../common/trouble.ts";
import { openL1 } from "../../../verifier/clients.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { type AgreedOptions, openAgreed } from "../../../verifier/l1/agreed.ts";
import { openEndpoints } from "../../../verifier/l1/endpoints.ts";
import { startL1 } from "../../support/l1.ts";
import { startLyingL1 } from "../../support/lying-l1.ts";
import { until } from "../../support/until.ts";

/** About which a test has it lie. */
const METHODS = [
  ...["eth_getBlockReceipts", "eth_getBlockByNumber", "eth_getLogs", "eth_call", "eth_estimateGas", "eth_chainId"],
  ...["eth_sendRawTransaction", "eth_maxPriorityFeePerGas", "eth_getTransactionReceipt", "eth_getTransactionByHash"],
  "eth_fillTransaction",
];

export const PATIENT: AgreedOptions = { stuckMs: 600_000, lateMs: 600_000 };

export type Receipt = { readonly logs: readonly object[] };

export type LiarRig = Awaited<ReturnType<typeof openLiarRig>>;

export async function openLiarRig() {
  const l1 = await startL1();
  const liar = await startLyingL1(l1.url);
  const wallet = createWalletClient({
    account: privateKeyToAccount(devAccount("user").privateKey),
    transport: http(l1.url),
  });
  const deposit = async (amount: bigint): Promise<bigint> => {
    const { inbox, prepaidGas: address } = l1.chain.contracts;
    const hash = await wallet.writeContract({
      address,
      abi: prepaidGasAbi,
      functionName: "deposit",
      args: [inbox],
      value: amount,
      chain: null,
    });
    return (await until(() => l1.client.getTransactionReceipt({ hash }).catch(() => undefined))).blockNumber;
  };
  await deposit(1n);
  /** The L1 block of the last log. */
  const logged = await deposit(2n);
  return {
    l1,
    liar,
    logged,
    /** As services do, but for the contracts whose logs they read. */
    open: (...urls: [string, ...string[]]) => {
      const events: ServiceEvent[] = [];
      const { inbox: resultClaims } = l1.chain.contracts;
      const chain = { ...l1.chain, contracts: { ...l1.chain.contracts, resultClaims } };
      return { ...openL1({ urls, chain, pollMs: 20 }, (event) => events.push(event)), events };
    },
    /** What services know of the head. */
    openHead: (options: AgreedOptions) => {
      const events: ServiceEvent[] = [];
      const endpoints = openEndpoints([l1.url, liar.url], (event) => events.push(event));
      return { agreed: openAgreed(options, endpoints, (event) => events.push(event)), endpoints, events };
    },
    logsOf: (client: PublicClient) =>
      client.getLogs({ address: l1.chain.contracts.inbox, fromBlock: 0n, toBlock: logged + 1n }),
    /** From now on the liar says what L1 does. */
    tellTruth: () => {
      for (const method of METHODS) liar.lie(method, undefined);
      for (const method of METHODS) liar.refuse(method, undefined);
      liar.fail(undefined);
    },
    stop: () => {
      liar.stop();
      l1.stop();
    },
  };
}

export const failure = (work: Promise<unknown>) =>
  work.then(
    () => "nothing thrown",
    (error) => ownErrorOf(error)?.code ?? error,
  );

export const failed = (events: readonly ServiceEvent[]) => events.find(({ event }) => event === "l1-endpoint-failed");
