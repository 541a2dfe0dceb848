import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import hardhatToolboxViem from "@nomicfoundation/hardhat-toolbox-viem";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../cli/paths.ts";
import { L2_CHAIN_ID } from "../../cli/stack/stack.ts";
import { type RpcRig, startRpcRig } from "../l2-node/rpc/rig.ts";
import { TEST_CHAIN_ID, testAccount, testAddress, testKey } from "../support/transactions.ts";

const solc = createRequire(import.meta.url).resolve("solc/soljson.js");
let rig: RpcRig;
let project: string;

beforeAll(async () => {
  rig = await startRpcRig({ sealing: true });
  project = mkdtempSync(join(tmpdir(), "anh-hardhat-"));
  mkdirSync(join(project, "contracts"));
  copyFileSync(`${ROOT}test/dapp/Counter.sol`, join(project, "contracts/Counter.sol"));
  writeFileSync(join(project, "package.json"), '{"type":"module"}');
  symlinkSync(`${ROOT}node_modules`, join(project, "node_modules"));
});
afterAll(async () => {
  rmSync(project, { recursive: true });
  await rig.stop();
});

/** As the README has it. */
function networkOfReadme(): { readonly type: "http"; readonly url: string; readonly chainId: number } {
  const [, written] = /^networks: \{ anh: (\{.*\}) \},$/m.exec(
    readFileSync(`${ROOT}README.md`, "utf8"),
  ) as RegExpExecArray;
  return JSON.parse((written as string).replaceAll(/(\w+): /g, '"$1": '));
}

describe("a hardhat project", () => {
  it("finds ./anh dev by what the README says", () => {
    expect(networkOfReadme()).toMatchObject({ url: "http://127.0.0.1:9545", chainId: Number(L2_CHAIN_ID) });
  });

  it("runs its deploy script as the README says", async () => {
    const network = { ...networkOfReadme(), url: rig.url, chainId: Number(TEST_CHAIN_ID), accounts: [testKey(0)] };
    writeFileSync(
      join(project, "hardhat.config.ts"),
      `import plugin from "@nomicfoundation/hardhat-toolbox-viem";
       const solidity = { version: "0.8.37", path: ${JSON.stringify(solc)} };
       export default { plugins: [plugin], solidity, networks: { anh: ${JSON.stringify(network)} } };`,
    );
    mkdirSync(join(project, "scripts"));
    writeFileSync(
      join(project, "scripts/deploy.ts"),
      `import { network } from "hardhat";
       const { viem } = await network.create();
       const client = await viem.getPublicClient({ pollingInterval: 20 });
       const counter = await viem.deployContract("Counter", [], { client: { public: client } });
       await client.waitForTransactionReceipt({ hash: await counter.write.increment([7n]) });
       console.log("counter says", await counter.read.value());`,
    );
    const args = ["run", "scripts/deploy.ts", "--network", "anh"];
    const { stdout } = await promisify(execFile)(join(project, "node_modules/.bin/hardhat"), args, { cwd: project });
    expect(stdout).toContain("counter says 7n");
  });

  it("deploys, calls, sends and reads events through its network config", async () => {
    const hre = await createHardhatRuntimeEnvironment(
      {
        plugins: [hardhatToolboxViem],
        solidity: { version: "0.8.37", path: solc },
        networks: {
          anh: { ...networkOfReadme(), url: rig.url, chainId: Number(TEST_CHAIN_ID), accounts: [testKey(0)] },
        },
      },
      {},
      project,
    );
    await hre.tasks.getTask("build").run({ quiet: true });
    const { viem, provider } = await hre.network.create("anh");
    const client = await viem.getPublicClient({ pollingInterval: 20 });
    const [wallet] = await viem.getWalletClients();
    expect(wallet!.account.address).toBe(testAddress(0));
    expect(await client.getChainId()).toBe(Number(TEST_CHAIN_ID));

    const counter = await viem.deployContract("Counter");
    const hash = await counter.write.increment!([7n], { value: 3n });
    expect(await client.waitForTransactionReceipt({ hash })).toMatchObject({ status: "success" });
    expect(await counter.read.value!()).toBe(7n);
    expect(await client.getBalance({ address: counter.address })).toBe(3n);
    const events = await counter.getEvents.Incremented!({}, { fromBlock: 0n });
    expect(events).toMatchObject([{ args: { who: testAccount(0).address, value: 7n } }]);
    await expect(counter.write.increment!([101n])).rejects.toThrow(/TooMuch/);
    expect(await provider.request({ method: "eth_getBalance", params: [testAddress(5), "latest"] })).toBe("0x0");
  });
});
