import { AnhError } from "../../common/errors.ts";
import { diagnose } from "../../verifier/runtime/doctor.ts";
import { PROVIDERS, type Provider } from "../../verifier/runtime/provider.ts";
import { machine } from "../bench/figures.ts";
import { table } from "../demo/table.ts";

/** `anh executor doctor`: exit code 0 if claims that this machine computes would stand, 69 if it has no such provider. */
export async function doctor(options: { provider: string; threads: string; json: boolean }): Promise<void> {
  const [provider, threads] = [providerFrom(options.provider), threadsFrom(options.threads)];
  const networks = await diagnose(provider, threads);
  if (options.json) {
    console.log(JSON.stringify({ provider, threads, machine: machine(), networks }));
    return;
  }
  console.log(`${provider} on ${machine()} gives its own bits again, and what claims are judged by.\n`);
  const rows = networks.map(({ network, nodes, judged, onCpu, worstShare }) => [
    network,
    `${nodes}`,
    Object.entries(onCpu)
      .map(([op, count]) => `${op} (${count})`)
      .join(", "),
    `${judged}`,
    worstOf(worstShare),
  ]);
  console.log(table(["network", "nodes", "on the CPU", "elements right", "most of a tolerance"], rows));
}

function worstOf(shares: Readonly<Record<string, number>>): string {
  const [worst] = Object.entries(shares).sort(([, a], [, b]) => b - a);
  return worst === undefined || worst[1] === 0 ? "" : `${worst[1].toPrecision(2)} (${worst[0]})`;
}

function providerFrom(words: string): Provider {
  const provider = PROVIDERS.find((name) => name === words);
  if (provider === undefined)
    throw new AnhError("usage", `--provider is "${words}"`, { expected: PROVIDERS.join(", "), actual: words });
  return provider;
}

function threadsFrom(words: string): number {
  if (!/^[1-9]\d{0,2}$/.test(words))
    throw new AnhError("usage", `--threads is "${words}"`, { expected: "1 … 999", actual: words });
  return Number(words);
}
