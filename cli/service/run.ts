import { formatEther } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import type { EventSink } from "../../verifier/events.ts";
import { eventsTo } from "./events.ts";
import { type PreflightSettings, preflight } from "./preflight.ts";

/** `anh executor run` and `anh challenger run`: checks what can be checked, then runs until a signal. */
export async function runService<S extends PreflightSettings>(
  name: string,
  args: readonly string[],
  read: (argv: readonly string[], environment: NodeJS.ProcessEnv) => S,
  main: (settings: S, events: EventSink) => Promise<void>,
): Promise<void> {
  const settings = read(
    args.filter((word) => word !== "--json"),
    process.env,
  );
  const balanceWei = await preflight(settings);
  process.stderr.write(`anh: ${privateKeyToAddress(settings.key)} has ${formatEther(balanceWei)} ETH on L1\n`);
  await main(settings, eventsTo(name, args.includes("--json")));
  process.stderr.write(`anh: ${name} stopped\n`);
}
