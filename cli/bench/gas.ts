import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compared, type Figure, round } from "./figures.ts";
import { snapshotTests, writeSnapshots } from "./snapshot-tests.ts";

type Gas = Readonly<Record<string, number>>;

/** What the measuring tests measured, by snapshot. */
export interface Measured {
  readonly numeric: Gas;
  readonly chain: Gas;
  readonly results: Gas;
  readonly leaves: Gas;
}

const GAS_PER_MAC_TARGET = 140;

/** Names of actions where the measuring test's own would not do; all others are called what the test calls them. */
const ACTIONS: Readonly<Record<string, string>> = {
  "deposit-prepaid-gas": "deposit",
  "anchor-1-header": "anchor",
  "post-state-claim": "state-claim",
  "settle-state-claim": "settle",
  "finalize-withdrawal": "withdraw-finalize",
  "results-reserve": "reserve",
  "results-fixSeed": "fix-seed",
  "results-commit": "commit",
  "results-claim": "claim",
  "results-finalize": "finalize",
  "demands-openSegment": "open-segment",
  "demands-openStep": "open-step",
  "disputes-challenge": "challenge",
  "disputes-point": "point",
  "disputes-prove": "prove",
};

/** Gas of every L1 action, from the transactions of the tests that hold it to git, sent anew. */
export async function gas(say: (text: string) => void): Promise<Record<string, Figure>> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const read = async (name: string): Promise<Gas> =>
    JSON.parse(await readFile(join(folder, `gas-${name}.json`), "utf8"));
  try {
    await writeSnapshots(folder, snapshotTests("gas-"), say);
    return gasFigures({
      numeric: await read("numeric"),
      chain: await read("chain"),
      results: await read("results"),
      leaves: await read("leaves"),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function gasFigures({ numeric, chain, results, leaves }: Measured): Record<string, Figure> {
  const { "exact-dot-per-mac": perMac, "strict-dot-per-fma": perFma } = numeric as Record<string, number>;
  const figures: Record<string, Figure> = {
    "gas-per-mac": compared(perMac!, GAS_PER_MAC_TARGET, "gas"),
    "gas-per-fma-strict": { value: perFma!, unit: "gas" },
  };
  const one = chain["anchor-1-header"]!;
  const perBlock = (chain["anchor-10-headers"]! - one) / 9;
  const perTransaction = (chain["anchor-1-header-500-transfers"]! - one) / 500;
  figures["gas-anchor-per-block"] = { value: round(perBlock), unit: "gas" };
  figures["gas-anchor-per-transaction"] = { value: round(perTransaction), unit: "gas" };
  for (const [name, value] of Object.entries({ ...chain, ...results }))
    if (name.startsWith("transactions-")) figures[name] = { value, unit: "transactions" };
    else figures[`gas-${ACTIONS[name] ?? kebab(name)}`] = { value, unit: "gas" };
  // A leaf verifier's part of `prove`, as a transaction of its own.
  for (const [name, value] of Object.entries(leaves)) figures[`gas-judge-${name}`] = { value, unit: "gas" };
  return figures;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
