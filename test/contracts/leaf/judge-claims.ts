// Verdicts of the contracts by eth_call on an anvil of its own: many claims in seconds, and no gas figures.
import type { Hex } from "viem";
import { encodeFunctionData, slice } from "viem";
import { startAnvil } from "../../../cli/bench/anvil.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { buildElementWitness } from "../../../verifier/witness/element.ts";
import type { ContractJudge } from "../../verifier/ops/count-elements.ts";
import type { HonestRun } from "../../verifier/ops/honest-runs.ts";
import { contextOf, type LeafCase, leafCase, sourceOf, withLie } from "./leaf-case.ts";
import { codeOf, SUMS_ADDRESS, sumsCode, VERIFIERS, type VerifierName, verifierOf } from "./verifiers.ts";

const ELEMENT_KIND = 1;
/** EIP-7825: no L1 transaction may have more, so no proof may take more. */
const TRANSACTION_GAS = "0x1000000";

const addressOf = (name: VerifierName): Hex => `0x${(0xa000 + VERIFIERS.indexOf(name)).toString(16).padStart(40, "0")}`;

export async function openJudge(): Promise<{ judge: ContractJudge; close: () => Promise<void> }> {
  const artifacts = readArtifacts();
  const artifactOf = (name: VerifierName) => artifacts(`l1/verifiers/${name}Verifier`);
  const account = (code: Hex) => ({ balance: "0x0" as Hex, code });
  const alloc = {
    [SUMS_ADDRESS]: account(sumsCode()),
    ...Object.fromEntries(VERIFIERS.map((name) => [addressOf(name), account(codeOf(name))])),
  };
  const { url, stop } = await startAnvil(31_337n, [], alloc, []);
  const { abi } = artifactOf("Arithmetic");
  let known: { readonly run: HonestRun; readonly leaf: LeafCase } | undefined;
  const leafIn = (run: HonestRun): LeafCase => {
    if (known?.run !== run) known = { run, leaf: leafCase(run.graph, run.values) };
    return known.leaf;
  };
  return {
    judge: async (claims) => {
      const calls = await Promise.all(
        claims.map(async ({ run, element, claim }) => {
          const honest = leafIn(run);
          const leaf = claim.what === "honest" ? honest : withLie(honest, 0, element, claim.value);
          const witness = await buildElementWitness(sourceOf(leaf), 0, element);
          const name = verifierOf(ELEMENT_KIND, Number(BigInt(slice(witness, 0, 32))));
          const args = [contextOf(leaf, claim.profile), ELEMENT_KIND, witness];
          const data = encodeFunctionData({ abi, functionName: "judge", args });
          return { to: addressOf(name), data, gas: TRANSACTION_GAS };
        }),
      );
      return (await ask(url, calls)).map((answer) => BigInt(answer) === 0n);
    },
    close: stop,
  };
}

async function ask(url: string, calls: readonly object[]): Promise<Hex[]> {
  const body = JSON.stringify(
    calls.map((call, id) => ({ jsonrpc: "2.0", id, method: "eth_call", params: [call, "latest"] })),
  );
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const answers = (await response.json()) as { id: number; result?: Hex; error?: { message: string } }[];
  const results: Hex[] = [];
  for (const { id, result, error } of answers) {
    if (result === undefined) throw new Error(`eth_call: ${error?.message}`);
    results[id] = result;
  }
  return results;
}
