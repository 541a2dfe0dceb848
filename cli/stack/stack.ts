import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPublicClient, createWalletClient, http, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type ChainFile, encodeChainFile } from "../../common/chain-file.ts";
import type { Clocks } from "../../common/clocks.ts";
import { readArtifacts } from "../../deploy/artifacts.ts";
import { devnetClocks } from "../../deploy/clocks.ts";
import { deploy } from "../../deploy/deploy.ts";
import { defaultPrices } from "../../deploy/prices.ts";
import { genesisRoot } from "../../l2-node/execution/genesis.ts";
import type { GenesisFile } from "../../l2-node/execution/genesis-file.ts";
import { predeployAlloc } from "../../l2-node/execution/predeploys.ts";
import { DEV_MNEMONIC, devAccount } from "./accounts.ts";
import { CHAIN_FILE } from "./data-dir.ts";
import { freePorts } from "./ports.ts";
import { type ServiceSpec, Supervisor, type SupervisorEvents } from "./supervisor.ts";
import { until } from "./until.ts";

export const L1_CHAIN_ID = 31_337;
export const L2_CHAIN_ID = 424_242n;

export interface StackOptions {
  readonly dataDir: string;
  readonly l1Port: number;
  readonly l2Port: number;
  /** What the L2 begins with beside the predeploys. */
  readonly genesis?: GenesisFile;
  /** The devnet's, if none are named. */
  readonly clocks?: Clocks;
}

/** A running development chain: embedded L1, deployed contracts, and the services started so far. */
export interface Stack {
  readonly chain: ChainFile;
  readonly l1: PublicClient;
  readonly l1Url: string;
  readonly l2Url: string;
  readonly supervisor: Supervisor;
  /** Options that every service of the verifier is started with. */
  readonly serviceArgs: (name: string) => string[];
  stop(): Promise<void>;
}

const READY_MS = 30_000;

/** Starts the L1 in a process of its own, deploys, and starts the sequencing node and the accountant. */
export async function startStack(
  options: StackOptions,
  modules: { readonly events: SupervisorEvents },
): Promise<Stack> {
  const { dataDir, clocks = devnetClocks } = options;
  const supervisor = new Supervisor({ logDir: join(dataDir, "logs") }, modules);
  try {
    const l1Url = `http://127.0.0.1:${options.l1Port}`;
    const l2Url = `http://127.0.0.1:${options.l2Port}`;
    supervisor.start(anvil(options.l1Port, clocks.l1BlockMs));
    const l1 = createPublicClient({ transport: http(l1Url), pollingInterval: 100, cacheTime: 0 });
    const l1Answers = async () => (await l1.getChainId().catch(() => 0)) === L1_CHAIN_ID;
    await Promise.race([until("the embedded L1 answers", READY_MS, l1Answers), supervisor.failed]);

    const deployer = createWalletClient({
      account: privateKeyToAccount(devAccount("deployer").privateKey),
      transport: http(l1Url),
    });
    const chain = await deploy(
      {
        l2ChainId: options.genesis?.chainId ?? L2_CHAIN_ID,
        clocks,
        prices: defaultPrices,
        sequencer: devAccount("sequencer").address,
        poster: devAccount("accountant").address,
        ...(options.genesis ? { genesisFile: options.genesis } : {}),
      },
      { l1, deployer, artifacts: readArtifacts(), predeploys: predeployAlloc, worldRoot: genesisRoot },
    );
    const chainFile = join(dataDir, CHAIN_FILE);
    writeFileSync(chainFile, encodeChainFile(chain));

    const common = ["--chain-file", chainFile, "--l1-url", l1Url];
    supervisor.start({
      name: "node",
      script: "l2-node/main.ts",
      args: ["--role", "sequencer", "--data-dir", join(dataDir, "node"), "--port", String(options.l2Port), ...common],
      env: {
        ANH_NODE_SEQUENCER_KEY: devAccount("sequencer").privateKey,
        ANH_NODE_POSTER_KEY: devAccount("accountant").privateKey,
      },
    });
    await Promise.race([until("the node answers", READY_MS, () => answers(l2Url)), supervisor.failed]);
    return {
      chain,
      l1,
      l1Url,
      l2Url,
      supervisor,
      serviceArgs: (name) => [...common, "--node-url", l2Url, "--data-dir", join(dataDir, name)],
      stop: () => supervisor.stop(),
    };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

/** A node that knows L1 alone. */
export async function startReplica(stack: Stack, dataDir: string): Promise<string> {
  const port = (await freePorts(1))[0] as number;
  const url = `http://127.0.0.1:${port}`;
  stack.supervisor.start({
    name: "replica",
    script: "l2-node/main.ts",
    args: [
      ...["--role", "replica", "--data-dir", join(dataDir, "replica"), "--port", String(port)],
      ...["--chain-file", join(dataDir, CHAIN_FILE), "--l1-url", stack.l1Url],
    ],
  });
  await until("the replica answers", READY_MS, () => answers(url));
  return url;
}

const anvil = (port: number, blockMs: number): ServiceSpec => ({
  name: "l1",
  script: "cli/stack/anvil-host.ts",
  irreplaceable: true,
  args: [
    ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(L1_CHAIN_ID)],
    ...["--mnemonic", DEV_MNEMONIC, "--accounts", "13", "--block-time", String(blockMs / 1000)],
    ...["--hardfork", "osaka", "--order", "fifo", "--slots-in-an-epoch", "1", "--gas-limit", "60000000"],
    ...["--enable-tx-gas-limit", "--silent"],
  ],
});

async function answers(url: string): Promise<boolean> {
  const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
  return client.getChainId().then(
    () => true,
    () => false,
  );
}
