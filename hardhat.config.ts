import { createRequire } from "node:module";
import hardhatToolboxViem from "@nomicfoundation/hardhat-toolbox-viem";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

// Gas figures are part of the protocol's promises, so the compiler and its settings are pinned.
// `optimizerSteps: ":"` keeps the Yul optimizer from re-materialising the lane masks of ExactDot (132 against 323 gas per MAC).
export default defineConfig({
  plugins: [hardhatToolboxViem],
  solidity: {
    version: "0.8.37",
    path: require.resolve("solc/soljson.js"),
    settings: {
      evmVersion: "osaka",
      viaIR: true,
      optimizer: { enabled: true, runs: 10_000, details: { yul: true, yulDetails: { optimizerSteps: ":" } } },
      metadata: { bytecodeHash: "none" },
    },
  },
  paths: {
    sources: "./contracts",
    tests: { solidity: "./test/contracts" },
    artifacts: process.env.ANH_ARTIFACTS ?? "./artifacts",
    cache: process.env.ANH_CACHE ?? "./cache",
  },
});
