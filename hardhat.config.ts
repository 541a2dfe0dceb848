import { globSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import hardhatToolboxViem from "@nomicfoundation/hardhat-toolbox-viem";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";

const require = createRequire(import.meta.url);

const solc = {
  version: "0.8.37",
  path: require.resolve("solc/soljson.js"),
};
const common = { evmVersion: "osaka", metadata: { bytecodeHash: "none" } } as const;

/**
 * What tests are compiled with, and interfaces and libraries, which are no code of their own: an eighth of the time of `deployed`.
 * Tests deploy the artifacts of contracts, so the code they run is the code that `deploy/` deploys.
 */
const tests = { ...solc, settings: { ...common, optimizer: { enabled: false } } };

/**
 * Gas figures are part of the protocol's promises, so the compiler and its settings are pinned. `optimizerSteps: ":"` and
 * high `runs` keep the Yul optimizer from re-materialising the lane masks of ExactDot (138 against 383 gas per MAC).
 */
const deployed = (runs: number, yulDetails: { optimizerSteps?: string } = { optimizerSteps: ":" }) => ({
  ...solc,
  settings: { ...common, viaIR: true, optimizer: { enabled: true, runs, details: { yul: true, yulDetails } } },
});

const contracts = globSync(["contracts/l1/*.sol", "contracts/l2/Outbox.sol", "contracts/l2/examples/*.sol"]);
/** Verifiers compute a lot and are small enough. */
const computing = globSync(["contracts/l1/verifiers/*.sol", "test/contracts/numeric/harness/*.sol"]);
/** Much code, which must fit into 24,576 bytes: the optimizer's own steps make a quarter less of it, in seconds more. */
const ordering = ["ResultClaims", "Demands", "Openings", "Endings", "Disputes", "Voids", "verifiers/GraphRules"].map(
  (name) => `contracts/l1/${name}.sol`,
);

/** Hardhat leaves one core free, which on two cores is every other one. A compiler takes 300 to 500 MB. */
const allCores: HardhatPlugin = {
  id: "anh-all-cores",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        build: (context, roots, options, next) =>
          next(context, roots, { ...options, concurrency: Math.min(availableParallelism(), 4) }),
      }),
    }),
  },
};

export default defineConfig({
  plugins: [hardhatToolboxViem, allCores],
  solidity: {
    compilers: [tests],
    overrides: Object.fromEntries([
      ...contracts.map((file) => [file, deployed(200)] as const),
      ...computing.map((file) => [file, deployed(10_000)] as const),
      // 3 % dearer, and within the limit of code.
      ["contracts/l1/verifiers/ConvVerifier.sol", deployed(500)] as const,
      ...ordering.map((file) => [file, deployed(200, {})] as const),
    ]),
  },
  paths: {
    sources: "./contracts",
    tests: { solidity: "./test/contracts" },
    artifacts: process.env.ANH_ARTIFACTS ?? "./artifacts",
    cache: process.env.ANH_CACHE ?? "./cache",
  },
});
