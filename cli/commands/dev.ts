import { formatEther, type Hex, numberToHex, parseEther } from "viem";
import { CREDIT_ADDRESS, DNN_ADDRESS, LEDGER_ADDRESS, OUTBOX_ADDRESS } from "../../common/addresses.ts";
import { bridgeAbi } from "../../common/contracts/bridge.ts";
import { prepaidGasAbi } from "../../common/contracts/prepaid-gas.ts";
import { AnhError } from "../../common/errors.ts";
import { type GenesisFile, readGenesisFile } from "../../l2-node/execution/genesis-file.ts";
import { untilSignal } from "../../verifier/signal.ts";
import { ensureContracts } from "../build.ts";
import { InterruptedError } from "../child.ts";
import { l1Wallet } from "../demo/cast.ts";
import { openL2 } from "../demo/l2.ts";
import { table } from "../demo/table.ts";
import { DEV_MNEMONIC, devAccount, devUsers, FIRST_USER } from "../stack/accounts.ts";
import { chosenDataDir, temporaryDataDir } from "../stack/data-dir.ts";
import { chosenPort } from "../stack/ports.ts";
import { L1_CHAIN_ID, type Stack, startStack } from "../stack/stack.ts";
import { until } from "../stack/until.ts";

interface DevOptions {
  readonly json: boolean;
  readonly l1Port: string;
  readonly l2Port: string;
  readonly dataDir?: string;
  readonly genesis?: string;
  readonly executor: boolean;
  readonly challenger: boolean;
}

/** What has its place on L2 by protocol (P0.6). */
const PREDEPLOYS = {
  dnn: DNN_ADDRESS,
  ledger: LEDGER_ADDRESS,
  outbox: OUTBOX_ADDRESS,
  credit: CREDIT_ADDRESS,
  create2Factory: "0x4e59b44847b379578588920cA78FbF26c0B4956C",
  multicall3: "0xcA11bde05977b3631167028862bE2a173976CA11",
  permit2: "0x000000000022D473030F116dDEE9F6B43aC78BA3",
  entryPoint: "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108",
} as const;

const GAS_WEI = parseEther("10");
const BALANCE_WEI = parseEther("100");

/** `anh dev`: L1, contracts, node, an executor and a challenger, with funded accounts, until interrupted. */
export async function dev(options: DevOptions): Promise<void> {
  const [l1Port, l2Port] = [await chosenPort("l1-port", options.l1Port), await chosenPort("l2-port", options.l2Port)];
  if (l1Port === l2Port)
    throw new AnhError("usage", `--l1-port and --l2-port are both ${l1Port}`, { expected: "two different ports" });
  const genesis = options.genesis === undefined ? undefined : chosenGenesis(options.genesis);
  const named = options.dataDir === undefined ? undefined : chosenDataDir(options.dataDir);
  await ensureContracts();
  const dataDir = named ?? temporaryDataDir("anh-dev-");
  const signalled = untilSignal();
  const stack = await startStack({ dataDir, l1Port, l2Port, ...(genesis ? { genesis } : {}) }, { events: deathsOnly });
  let isReady = false;
  const serve = async () => {
    startServices(stack, options);
    await fund(stack, genesis?.deposits ?? []);
    announce(stack, dataDir, options.json);
    isReady = true;
    await signalled;
  };
  try {
    await Promise.race([serve(), signalled, stack.supervisor.failed]);
  } finally {
    process.stderr.write("anh: stopping\n");
    await stack.stop();
    process.stderr.write(`anh: stopped; data and logs stay in ${dataDir}\n`);
  }
  if (!isReady) throw new InterruptedError("anh dev", "it was not ready yet");
}

const deathsOnly = {
  started: (name: string, pid: number, restarts: number) => {
    if (restarts > 0) process.stderr.write(`anh: ${name} restarted (pid ${pid})\n`);
  },
  exited: (name: string, pid: number, code: number | null, signal: string | null) =>
    void process.stderr.write(`anh: ${name} (pid ${pid}) ended: ${signal ?? code}\n`),
  event: () => {},
};

function startServices(stack: Stack, wanted: Pick<DevOptions, "executor" | "challenger">): void {
  for (const name of ["executor", "challenger"] as const) {
    if (!wanted[name]) continue;
    stack.supervisor.start({
      name,
      script: `verifier/${name}-main.ts`,
      args: stack.serviceArgs(name),
      env: { ANH_KEY: devAccount(name).privateKey },
    });
  }
}

/** A genesis that this machine's two chains can be told apart with. */
function chosenGenesis(path: string): GenesisFile {
  const genesis = readGenesisFile(path);
  if (genesis.chainId === BigInt(L1_CHAIN_ID))
    throw new AnhError("usage", `${path}: config.chainId is that of the embedded L1`, {
      expected: "another chain id, or none",
      actual: genesis.chainId,
    });
  return genesis;
}

/** Prepaid gas and bridged ETH for every account a developer may use, and a genesis file's balances, through L1 like anybody's. */
async function fund(stack: Stack, deposits: GenesisFile["deposits"]): Promise<void> {
  const { prepaidGas, bridge } = stack.chain.contracts;
  const wallet = l1Wallet(stack.l1Url, devAccount("user").privateKey);
  const { address: payer } = devAccount("user");
  const ownWei = await stack.l1.getBalance({ address: payer });
  const neededWei = deposits.reduce((sum, { amountWei }) => sum + amountWei, 0n);
  // Ether is made on a development chain's L1 only: from there on it is backed like any other.
  const params = [payer, numberToHex(ownWei + neededWei)];
  await stack.l1.request({ method: "anvil_setBalance", params } as never);

  let nonce = await stack.l1.getTransactionCount({ address: payer });
  const depositEth = (to: Hex, value: bigint) =>
    wallet.writeContract({
      address: bridge,
      abi: bridgeAbi,
      functionName: "depositEth",
      args: [to],
      value,
      nonce: nonce++,
      gas: 300_000n,
    });
  for (const { to, amountWei } of deposits) await depositEth(to, amountWei);
  for (const { address } of devUsers()) {
    await wallet.writeContract({
      address: prepaidGas,
      abi: prepaidGasAbi,
      functionName: "deposit",
      args: [address],
      value: GAS_WEI,
      nonce: nonce++,
      gas: 300_000n,
    });
    await depositEth(address, BALANCE_WEI);
  }
  const l2 = openL2(stack.l2Url);
  const last = devUsers().at(-1)!.address;
  await until(
    "the developer's accounts have prepaid gas on L2",
    30_000,
    async () => (await l2.prepaidWei(last)) >= GAS_WEI,
  );
}

function announce(stack: Stack, dataDir: string, json: boolean): void {
  const { contracts, l1ChainId, l2ChainId } = stack.chain;
  const ready = {
    event: "ready",
    l1: { url: stack.l1Url, chainId: Number(l1ChainId) },
    l2: { url: stack.l2Url, chainId: Number(l2ChainId) },
    contracts,
    predeploys: PREDEPLOYS,
    accounts: devUsers(),
    mnemonic: DEV_MNEMONIC,
    firstAccountIndex: FIRST_USER,
    dataDir,
  };
  if (json) {
    console.log(JSON.stringify(ready));
    return;
  }
  console.log(
    [
      `L1  ${stack.l1Url}  chain ${l1ChainId}\nL2  ${stack.l2Url}  chain ${l2ChainId}`,
      table(
        ["account", "private key"],
        devUsers().map(({ address, privateKey }) => [address, privateKey]),
      ),
      `Each account has ${formatEther(GAS_WEI)} ETH of prepaid gas and ${formatEther(BALANCE_WEI)} ETH on L2; eth_getBalance shows the sum, prepaid gas pays fees only.\nThey are yours: accounts ${FIRST_USER} to ${FIRST_USER + devUsers().length - 1} of the mnemonic "${DEV_MNEMONIC}" (the others play roles). The keys are public: never use them elsewhere.`,
      table(
        ["L1 contract", "address"],
        Object.entries(contracts).map(([name, address]) => [name, address]),
      ),
      table(
        ["on L2 from genesis", "address"],
        Object.entries(PREDEPLOYS).map(([name, address]) => [name, address]),
      ),
      `Logs and data: ${dataDir}. Ctrl-C stops everything.`,
    ].join("\n\n"),
  );
}
