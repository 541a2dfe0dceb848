// Compiles one test contract with the project's own compiler settings and runs its functions on a bare EVM.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Common, Hardfork, Mainnet } from "@ethereumjs/common";
import { createEVM, type EVM } from "@ethereumjs/evm";
import { createAddressFromString } from "@ethereumjs/util";
import {
  type Abi,
  bytesToHex,
  decodeErrorResult,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  hexToBytes,
} from "viem";
import hardhatConfig from "../../hardhat.config.ts";

const require = createRequire(import.meta.url);
const root = new URL("../../", import.meta.url);

export interface Compiled {
  readonly abi: Abi;
  readonly deployedBytecode: Hex;
}

/** The contract named like its file. `path` is relative to the project. Libraries must be internal. */
export function compile(path: string): Compiled {
  const solc = require("solc") as { compile(input: string, callbacks: object): string };
  const settings = settingsOf(path);
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: "Solidity",
        sources: { [path]: { content: read(path) } },
        settings: { ...settings, outputSelection: { "*": { "*": ["abi", "evm.deployedBytecode.object"] } } },
      }),
      { import: (name: string) => ({ contents: read(name) }) },
    ),
  );
  const errors = ((output.errors ?? []) as { severity: string; formattedMessage: string }[]).filter(
    (e) => e.severity === "error",
  );
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join("\n"));
  const name = path.split("/").at(-1)!.replace(".sol", "");
  const contract = output.contracts[path][name];
  return { abi: contract.abi, deployedBytecode: `0x${contract.evm.deployedBytecode.object}` };
}

/** The settings Hardhat compiles this file with. */
function settingsOf(path: string): object {
  const { compilers, overrides } = hardhatConfig.solidity as {
    compilers: { settings: object }[];
    overrides: Record<string, { settings: object }>;
  };
  return (overrides[path] ?? compilers[0]!).settings;
}

function read(path: string): string {
  const own = new URL(path, root);
  return readFileSync(existsSync(own) ? own : new URL(`node_modules/${path}`, root), "utf8");
}

export interface Call {
  readonly result: unknown;
  /** Gas of the call itself, without the transaction's intrinsic gas. */
  readonly gas: bigint;
}

export class RevertedError extends Error {
  readonly errorName: string;
  readonly args: readonly unknown[];
  constructor(errorName: string, args: readonly unknown[]) {
    super(`reverted with ${errorName}(${args.join(", ")})`);
    this.errorName = errorName;
    this.args = args;
  }
}

export interface GasMeter {
  call(functionName: string, args: readonly unknown[]): Promise<Call>;
}

/** @param others code of the contracts that it calls, by address */
export async function createGasMeter(
  { abi, deployedBytecode }: Compiled,
  others: Readonly<Record<Hex, Hex>> = {},
): Promise<GasMeter> {
  const evm: EVM = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Osaka }) });
  for (const [address, code] of Object.entries(others))
    await evm.stateManager.putCode(createAddressFromString(address), hexToBytes(code as Hex));
  const code = hexToBytes(deployedBytecode);
  return {
    async call(functionName, args) {
      const data = hexToBytes(encodeFunctionData({ abi, functionName, args }));
      const execResult = await evm.runCode({ code, data, gasLimit: 1n << 40n });
      const returned = bytesToHex(execResult.returnValue);
      if (execResult.exceptionError !== undefined) {
        if (returned === "0x") throw new RevertedError(execResult.exceptionError.error, []);
        const { errorName, args = [] } = decodeErrorResult({ abi, data: returned });
        throw new RevertedError(errorName, args);
      }
      return { result: decodeFunctionResult({ abi, functionName, data: returned }), gas: execResult.executionGasUsed };
    },
  };
}
