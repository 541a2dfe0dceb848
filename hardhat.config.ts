import { globSync } from "node:fs";
import { createRequire } from "node:module";
import hardhatToolboxViem from "@nomicfoundation/hardhat-toolbox-viem";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

/**
 * Gas figures are part of the protocol's promises, so the compiler and its settings are pinned. `optimizerSteps: ":"` and
 * high `runs` keep the Yul optimizer from re-materialising the lane masks of ExactDot (141 against 383 gas per MAC).
 */
const compiler = (runs: number, yulDetails: { optimizerSteps?: string } = { optimizerSteps: ":" }) => ({
  version: "0.8.37",
  path: require.resolve("solc/soljson.js"),
  settings: {
    evmVersion: "osaka",
    viaIR: true,
    optimizer: { enabled: true, runs, details: { yul: true, yulDetails } },
    metadata: { bytecodeHash: "none" },
  },
});

/** Verifiers compute a lot and are small enough. */
const computing = [...globSync("contracts/l1/verifiers/*.sol"), "test/contracts/numeric/harness/NumericHarness.sol"];
/** Much code, which must fit into 24,576 bytes: the optimizer's own steps make a quarter less of it, in seconds more. */
const ordering = ["ResultClaims", "Demands", "Openings", "Disputes"].map((name) => `contracts/l1/${name}.sol`);

export default defineConfig({
  plugins: [hardhatToolboxViem],
  solidity: {
    compilers: [compiler(200)],
    overrides: Object.fromEntries([
      ...computing.map((file) => [file, compiler(10_000)] as const),
      // 3 % dearer, and within the limit of code.
      ["contracts/l1/verifiers/ConvVerifier.sol", compiler(500)] as const,
      ...ordering.map((file) => [file, compiler(200, {})] as const),
    ]),
  },
  paths: {
    sources: "./contracts",
    tests: { solidity: "./test/contracts" },
    artifacts: process.env.ANH_ARTIFACTS ?? "./artifacts",
    cache: process.env.ANH_CACHE ?? "./cache",
  },
});
