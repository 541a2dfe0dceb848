import {
  type Account,
  type Address,
  type Chain,
  encodeDeployData,
  getContractAddress,
  type Hex,
  type PublicClient,
  type SendTransactionParameters,
  size,
  type TransactionReceipt,
  type Transport,
  WaitForTransactionReceiptTimeoutError,
  type WalletClient,
} from "viem";
import { lower } from "../common/addresses.ts";
import type { ChainFile, GenesisAlloc, L1Addresses } from "../common/chain-file.ts";
import type { Clocks } from "../common/clocks.ts";
import { AnhError } from "../common/errors.ts";
import { type Header, hashHeader } from "../common/header.ts";
import type { Artifacts } from "./artifacts.ts";
import { genesisAlloc, genesisHeader } from "./genesis.ts";
import { plan } from "./plan.ts";
import type { Prices } from "./prices.ts";

/** A deployment that did not end as planned. Nothing was lost but gas: deploy again. */
export class DeployError extends AnhError {}

export interface DeployOptions {
  readonly l2ChainId: bigint;
  readonly clocks: Clocks;
  readonly sequencer: Address;
  /** Who alone may post state claims. */
  readonly poster: Address;
  readonly prices: Prices;
  /** Accounts the L2 starts with, beside the predeploys, without balances; and the hash of the file they are from. */
  readonly genesisFile?: { readonly alloc: GenesisAlloc; readonly hash: Hex };
  /** How long a transaction may be in no block before it is sent again; 15 s where not named. */
  readonly resendMs?: number;
}

export interface DeployModules {
  readonly l1: PublicClient;
  readonly deployer: WalletClient<Transport, Chain | undefined, Account>;
  readonly artifacts: Artifacts;
  /** The well-known contracts of an L2's genesis. */
  readonly predeploys: (l2ChainId: bigint) => Promise<GenesisAlloc>;
  readonly worldRoot: (alloc: GenesisAlloc) => Hex | Promise<Hex>;
}

const RESEND_MS = 15_000;
const MAX_TRIES = 12;

/** Creation pays 200 gas per byte of code and at most 40 per byte of data; what constructors store fits in the rest. */
const gasFor = (creation: Hex): bigint => 1_500_000n + 260n * BigInt(size(creation));

/**
 * Deploys a chain's L1 contracts and describes its L2. Contracts hold each other's addresses as immutables: they are predicted
 * from the deployer's nonce, so the deployer must send nothing else meanwhile. What fits into one block is sent at once; the
 * rest waits for it, because a node may forget pooled transactions that did not fit (anvil does).
 */
export async function deploy(options: DeployOptions, modules: DeployModules): Promise<ChainFile> {
  const { l1, deployer, artifacts } = modules;
  const from = deployer.account.address;
  const [l1ChainId, nonce, origin] = await Promise.all([
    l1.getChainId(),
    l1.getTransactionCount({ address: from, blockTag: "pending" }),
    l1.getBlock({ blockTag: "latest" }),
  ]);
  const alloc = genesisAlloc(artifacts, await modules.predeploys(options.l2ChainId), options.genesisFile?.alloc);
  const stateRoot = await modules.worldRoot(alloc);
  const genesis = (inbox: Address): { header: Header; hash: Hex } => {
    const header = genesisHeader({
      l2ChainId: options.l2ChainId,
      inbox: lower(inbox),
      sequencer: lower(options.sequencer),
      gasLimit: BigInt(options.clocks.l2BlockGasLimit),
      stateRoot,
      origin: { number: origin.number, hash: origin.hash, mixHash: origin.mixHash, timestamp: origin.timestamp },
    });
    return { header, hash: hashHeader(header) };
  };

  const deployments = plan({ ...options, genesis });
  const at: Record<string, Address> = {};
  for (const [i, { name }] of deployments.entries())
    at[name] = lower(getContractAddress({ from, nonce: BigInt(nonce + i) }));

  const receipts: TransactionReceipt[] = [];
  let sent: Promise<TransactionReceipt>[] = [];
  let sentGas = 0n;
  for (const [i, { source, args }] of deployments.entries()) {
    const { abi, bytecode } = artifacts(source);
    const data = encodeDeployData({ abi, bytecode, args: args(at) });
    const gas = gasFor(data);
    if (sentGas + gas > origin.gasLimit) {
      receipts.push(...(await Promise.all(sent)));
      [sent, sentGas] = [[], 0n];
    }
    const creation = await deployer.prepareTransactionRequest({
      data,
      nonce: nonce + i,
      gas,
      chain: deployer.chain ?? null,
    });
    const send = () => deployer.sendTransaction(creation as SendTransactionParameters);
    sent.push(receiptOf(l1, await send(), send, options.resendMs));
    sentGas += gas;
  }
  receipts.push(...(await Promise.all(sent)));
  for (const [i, receipt] of receipts.entries()) {
    const { name } = deployments[i] as { name: string };
    if (receipt.status !== "success" || lower(receipt.contractAddress ?? "") !== at[name])
      throw new DeployError("deploy-failed", `${name} was not deployed where the others expect it`, {
        expected: at[name],
        actual: `${receipt.status} at ${receipt.contractAddress}`,
        hint: "the deployer's account must send nothing else while it deploys; deploy again",
      });
  }

  return {
    l1ChainId: BigInt(l1ChainId),
    l2ChainId: options.l2ChainId,
    contracts: l1Addresses(at),
    deployedAtL1Block: origin.number + 1n,
    sequencer: lower(options.sequencer),
    poster: lower(options.poster),
    clocks: options.clocks,
    genesis: {
      ...genesis(at.inbox as Address),
      alloc,
      ...(options.genesisFile ? { fileHash: options.genesisFile.hash } : {}),
    },
  };
}

/** Sends again what is not in a block for long: a node may have forgotten it, and all that follows waits for its nonce. */
async function receiptOf(
  l1: PublicClient,
  hash: Hex,
  again: () => Promise<Hex>,
  timeout = RESEND_MS,
): Promise<TransactionReceipt> {
  for (let tries = 1; ; tries++)
    try {
      return await l1.waitForTransactionReceipt({ hash, pollingInterval: 50, timeout });
    } catch (error) {
      if (!(error instanceof WaitForTransactionReceiptTimeoutError) || tries === MAX_TRIES) throw error;
      await again().catch(() => {}); // mostly: it is known
    }
}

/** The contracts others call; the verifiers stand behind Disputes. */
function l1Addresses(at: Readonly<Record<string, Address>>): L1Addresses {
  const of = (name: keyof L1Addresses): Address => at[name] as Address;
  return {
    inbox: of("inbox"),
    prepaidGas: of("prepaidGas"),
    bridge: of("bridge"),
    forcedTransactions: of("forcedTransactions"),
    headerAnchor: of("headerAnchor"),
    sequencerStake: of("sequencerStake"),
    resultClaims: of("resultClaims"),
    deliveries: of("deliveries"),
    demands: of("demands"),
    disputes: of("disputes"),
    voids: of("voids"),
    stateClaims: of("stateClaims"),
  };
}
