import { mkdirSync, writeFileSync } from "node:fs";
import { abiText } from "./abi-text.ts";
import { type Artifacts, readArtifacts } from "./artifacts.ts";

/** Contracts that TypeScript calls, by source. */
export const CALLED_CONTRACTS = [
  "l1/Inbox",
  "l1/PrepaidGas",
  "l1/Bridge",
  "l1/ForcedTransactions",
  "l1/HeaderAnchor",
  "l1/SequencerStake",
  "l1/ResultClaims",
  "l1/Deliveries",
  "l1/Demands",
  "l1/Disputes",
  "l1/Voids",
  "l1/StateClaims",
  "l2/Outbox",
  "l2/Dnn:IDnn",
  "l2/examples/DigitClassifier",
] as const;

/** `HeaderAnchor` → `headerAnchor`: the name of the exported constant, and with dashes of the file. */
const camel = (source: string): string => {
  const name = source.split(/[/:]/).at(-1) as string;
  return name.replace(/^I(?=[A-Z])/, "").replace(/^./, (first) => first.toLowerCase());
};
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const abiFile = (source: string): string => `common/contracts/${kebab(camel(source))}.ts`;

/** The TypeScript file with a contract's ABI as a typed constant. */
export function abiModule(source: string, artifacts: Artifacts): string {
  const lines = abiText(artifacts(source).abi).map((line) => `  "${line}",`);
  return [
    'import { parseAbi } from "viem";',
    "",
    `// Written by deploy/write-abis.ts from contracts/${source.split(":")[0]}.sol.`,
    `export const ${camel(source)}Abi = parseAbi([`,
    ...lines,
    "]);",
    "",
  ].join("\n");
}

if (import.meta.main) {
  const root = new URL("..", import.meta.url).pathname;
  mkdirSync(`${root}common/contracts`, { recursive: true });
  for (const source of CALLED_CONTRACTS) writeFileSync(root + abiFile(source), abiModule(source, readArtifacts()));
}
