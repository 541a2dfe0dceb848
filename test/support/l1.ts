import { spawn } from "node:child_process";
import { once } from "node:events";
import { createPublicClient, createTestClient, createWalletClient, http, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { ROOT } from "../../cli/paths.ts";
import { devAccount } from "../../cli/stack/accounts.ts";
import { freePorts } from "../../cli/stack/ports.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import type { Clocks } from "../../common/clocks.ts";
import { readArtifacts } from "../../deploy/artifacts.ts";
import { devnetClocks } from "../../deploy/clocks.ts";
import { deploy } from "../../deploy/deploy.ts";
import { defaultPrices } from "../../deploy/prices.ts";
import { genesisRoot } from "../../l2-node/execution/genesis.ts";
import { predeployAlloc } from "../../l2-node/execution/predeploys.ts";
import { until } from "./until.ts";

/** An L1 of the test's own, with the contracts on it and a clock that can be put forward. */
export type TestL1 = {
  readonly url: string;
  readonly chain: ChainFile;
  readonly client: PublicClient;
  /** L1 seconds go by. */
  readonly warp: (seconds: number) => Promise<void>;
  /** No block comes by itself any more, until it is resumed as often as it was held. */
  readonly hold: () => Promise<void>;
  readonly resume: () => Promise<void>;
  readonly stop: () => void;
};

export const TEST_CLOCKS: Clocks = { ...devnetClocks, seedDelayBlocks: 3 };
const BLOCK_SECONDS = "0.05";

/** `anvilArgs`: what anvil is told beyond what every L1 of the tests is. */
export async function startL1(clocks: Clocks = TEST_CLOCKS, anvilArgs: readonly string[] = []): Promise<TestL1> {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const args = ["--port", String(port), "--block-time", BLOCK_SECONDS, "--hardfork", "osaka", "--silent", ...anvilArgs];
  // Through a host that ends when the test process is gone, however it went.
  const host = spawn(
    process.execPath,
    ["--import", `${ROOT}cli/stack/with-parent.ts`, `${ROOT}cli/stack/anvil-host.ts`, ...args],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  host.unref();
  host.channel?.unref();
  const client = createPublicClient({
    // anvil reads the trusted setup when it sees a first blob, which takes seconds on a busy machine.
    transport: http(url, { timeout: 60_000 }),
    pollingInterval: 20,
    cacheTime: 0,
  });
  const gone = once(host, "exit").then(() => Promise.reject(new Error(`anvil did not start on port ${port}`)));
  gone.catch(() => {}); // it ends with the test as well
  // Briefly each time: what listens there before anvil does would let a request wait.
  const asking = createPublicClient({ transport: http(url, { timeout: 1000, retryCount: 0 }) });
  await Promise.race([gone, until(() => asking.getChainId().catch(() => undefined))]);
  const test = createTestClient({ mode: "anvil", transport: http(url) });
  const chain = await deploy(
    {
      l2ChainId: 42n,
      clocks,
      sequencer: devAccount("sequencer").address,
      poster: devAccount("accountant").address,
      prices: defaultPrices,
    },
    {
      l1: client,
      deployer: createWalletClient({
        account: privateKeyToAccount(devAccount("deployer").privateKey),
        transport: http(url),
      }),
      artifacts: readArtifacts(),
      predeploys: predeployAlloc,
      worldRoot: genesisRoot,
    },
  );
  let holds = 0;
  const tell = async (message: string): Promise<void> => {
    const answered = once(host, "message");
    host.send(message);
    await answered;
  };
  return {
    url,
    chain,
    client,
    warp: async (seconds) => {
      await test.increaseTime({ seconds });
      await test.mine({ blocks: 1 });
    },
    hold: async () => {
      if (holds++ === 0) await tell("hold");
    },
    resume: async () => {
      if (--holds === 0) await tell("resume");
    },
    stop: () => host.kill("SIGTERM"),
  };
}
