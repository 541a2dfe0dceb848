import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createPublicClient, createTestClient, createWalletClient, type Hex, http, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { bin } from "../../cli/paths.ts";
import { devAccount } from "../../cli/stack/accounts.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import type { Clocks } from "../../common/clocks.ts";
import { readArtifacts } from "../../deploy/artifacts.ts";
import { devnetClocks } from "../../deploy/clocks.ts";
import { deploy } from "../../deploy/deploy.ts";
import { defaultPrices } from "../../deploy/prices.ts";

/** An L1 of the test's own, with the contracts on it and a clock that can be put forward. */
export type TestL1 = {
  readonly url: string;
  readonly chain: ChainFile;
  readonly client: PublicClient;
  /** L1 seconds go by. */
  readonly warp: (seconds: number) => Promise<void>;
  readonly stop: () => void;
};

export const TEST_CLOCKS: Clocks = { ...devnetClocks, seedDelayBlocks: 3 };
const BLOCK_SECONDS = "0.05";

export async function startL1(clocks: Clocks = TEST_CLOCKS): Promise<TestL1> {
  const anvil = spawn(bin("anvil"), ["--port", "0", "--block-time", BLOCK_SECONDS, "--hardfork", "osaka"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(anvil.stdout).on("line", (line) => {
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    once(anvil, "exit").then(() => reject(new Error("anvil ended before it listened")));
  });
  const client = createPublicClient({ transport: http(url), pollingInterval: 20, cacheTime: 0 });
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
      worldRoot: (): Hex => `0x${"00".repeat(32)}`,
    },
  );
  return {
    url,
    chain,
    client,
    warp: async (seconds) => {
      await test.increaseTime({ seconds });
      await test.mine({ blocks: 1 });
    },
    stop: () => anvil.kill("SIGKILL"),
  };
}
