import { createWalletClient, custom, type Hex, http, keccak256, type Transport } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../cli/stack/accounts.ts";
import { OUTBOX_ADDRESS } from "../../common/addresses.ts";
import { decodeChainFile, encodeChainFile, type GenesisAccount, type GenesisAlloc } from "../../common/chain-file.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { inboxAbi } from "../../common/contracts/inbox.ts";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import { decodeHeader, encodeHeader, hashHeader } from "../../common/header.ts";
import { firstInboxHash } from "../../common/message.ts";
import { type Artifacts, readArtifacts } from "../../deploy/artifacts.ts";
import { devnetClocks, mainnetClocks } from "../../deploy/clocks.ts";
import { type DeployModules, type DeployOptions, deploy } from "../../deploy/deploy.ts";
import { plan } from "../../deploy/plan.ts";
import { defaultPrices } from "../../deploy/prices.ts";
import { genesisRoot } from "../../l2-node/execution/genesis.ts";
import { predeployAlloc, predeploys } from "../../l2-node/execution/predeploys.ts";
import { expectSnapshot } from "../support/gas-snapshot.ts";
import { startL1, TEST_CLOCKS, type TestL1 } from "../support/l1.ts";

let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

const options: DeployOptions = {
  l2ChainId: 424242n,
  clocks: mainnetClocks,
  sequencer: devAccount("sequencer").address,
  poster: devAccount("accountant").address,
  prices: defaultPrices,
  genesisFile: { alloc: { "0x00000000000000000000000000000000000000aa": { code: "0x00" } }, hash: keccak256("0xaa") },
};
const modules = (artifacts: Artifacts = readArtifacts()): DeployModules => ({
  l1: l1.client,
  deployer: createWalletClient({
    account: privateKeyToAccount(devAccount("relayer").privateKey),
    transport: http(l1.url),
  }),
  artifacts,
  predeploys: predeployAlloc,
  worldRoot: genesisRoot,
});

describe("deploy", () => {
  it("sends again what L1 forgot", async () => {
    let sends = 0;
    const forgetful: Transport = custom({
      request: async ({ method, params }: { method: string; params: [Hex] }) =>
        method === "eth_sendRawTransaction" && ++sends === 3
          ? keccak256(params[0])
          : l1.client.request({ method, params } as never),
    });
    const account = privateKeyToAccount(devAccount("relayer").privateKey);
    const deployer = createWalletClient({ account, transport: forgetful });
    const chain = await deploy({ ...options, resendMs: 300 }, { ...modules(), deployer });
    expect(await l1.client.getCode({ address: chain.contracts.disputes })).toMatch(/^0x6/);
    expect(sends).toBeGreaterThan(3);
  });

  it("names the contract that was not created", async () => {
    const broken: Artifacts = (source) => {
      const artifact = readArtifacts()(source);
      return source === "l1/PrepaidGas" ? { ...artifact, bytecode: "0xfe" as Hex } : artifact;
    };
    await expect(deploy(options, modules(broken))).rejects.toMatchObject({
      code: "deploy-failed",
      message: expect.stringContaining("prepaidGas"),
    });
  });

  it("starts no L2 with ETH that L1 does not hold, nor with other code where every L2 has the same", async () => {
    const start = (alloc: GenesisAlloc) =>
      deploy({ ...options, genesisFile: { alloc, hash: keccak256("0xaa") } }, modules());
    await expect(
      start({ "0x00000000000000000000000000000000000000aa": { code: "0x00", balanceWei: 1n } }),
    ).rejects.toMatchObject({
      code: "genesis-balance",
      actual: 1n,
    });
    const { address } = predeploys[1]!;
    const same = (await predeployAlloc(options.l2ChainId))[address]!;
    const others: GenesisAccount[] = [{ ...same, code: "0x00" }, {}, { ...same, storage: { "0x00": "0x01" } }];
    for (const other of others)
      await expect(start({ [address]: other })).rejects.toMatchObject({ code: "genesis-address" });
    expect((await start({ [address]: same })).genesis.alloc[address]).toEqual(same);
  });

  it("puts every contract where the others expect it, again and again", async () => {
    const [one, two] = [await deploy(options, modules()), await deploy(options, modules())];
    expect(two.contracts.inbox).not.toBe(one.contracts.inbox);
    for (const chain of [one, two]) {
      const { inbox, headerAnchor, stateClaims } = chain.contracts;
      expect(new Set(Object.values(chain.contracts)).size).toBe(12);
      for (const address of Object.values(chain.contracts))
        expect(await l1.client.getCode({ address })).toMatch(/^0x6/);
      expect(await l1.client.readContract({ address: inbox, abi: inboxAbi, functionName: "hash" })).toBe(
        firstInboxHash(424242n, inbox),
      );
      const genesis = await l1.client.readContract({
        address: headerAnchor,
        abi: headerAnchorAbi,
        functionName: "batch",
        args: [0n],
      });
      expect(genesis).toMatchObject({ lastNumber: 0n, lastHash: chain.genesis.hash, inboxCount: 0n });
      expect(genesis.lastTimestamp).toBe(chain.genesis.header.timestamp);
      expect(await l1.client.readContract({ address: stateClaims, abi: stateClaimsAbi, functionName: "poster" })).toBe(
        devAccount("accountant").address,
      );
    }
  });

  it("describes the L2 it begins", async () => {
    const chain = await deploy(options, modules());
    const { header, hash, alloc } = chain.genesis;
    expect(hashHeader(header)).toBe(hash);
    expect(decodeHeader(encodeHeader(header))).toEqual(header);
    expect(header.stateRoot).toBe(genesisRoot(alloc));
    expect(alloc["0x00000000000000000000000000000000000000aa"]).toEqual({ code: "0x00" });
    expect(chain.genesis.fileHash).toBe(keccak256("0xaa"));
    expect(alloc[OUTBOX_ADDRESS]?.code?.length).toBeGreaterThan(1000);
    for (const { name, address } of predeploys) expect(alloc[address]?.code?.length, name).toBeGreaterThan(100);
    const origin = await l1.client.getBlock({ blockNumber: header.origin.number });
    expect(origin.hash).toBe(header.origin.hash);
    expect(chain.deployedAtL1Block).toBe(header.origin.number + 1n);
    expect(decodeChainFile(encodeChainFile(chain))).toEqual(chain);
  });
});

describe("clocks", () => {
  it("of both profiles keep the order the protocol leans on", () => {
    for (const clocks of [mainnetClocks, devnetClocks, TEST_CLOCKS]) {
      expect(clocks.defaultWindowSeconds).toBeGreaterThanOrEqual(clocks.minWindowSeconds);
      expect(clocks.seedDelayBlocks).toBeGreaterThan(0);
      for (const value of Object.values(clocks)) expect(Number.isInteger(value)).toBe(true);
    }
  });
});

describe("bytecode", () => {
  it("stays below the limit of EIP-170, and its size in git", () => {
    const artifacts = readArtifacts();
    const sources = plan({
      ...options,
      genesis: () => ({ header: l1.chain.genesis.header, hash: l1.chain.genesis.hash }),
    });
    const sizes = Object.fromEntries(
      [...sources.map(({ source }) => source), "l2/Outbox"].map((source) => [
        source,
        artifacts(source).deployedBytecode.length / 2 - 1,
      ]),
    );
    for (const [source, bytes] of Object.entries(sizes)) expect(bytes, source).toBeLessThanOrEqual(24_576);
    expectSnapshot("bytecode", sizes);
  });
});
