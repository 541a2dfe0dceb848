import { NODE_SETTINGS, readConfig } from "../../l2-node/config.ts";
import { readChain } from "../../verifier/read-chain.ts";
import { eventsTo } from "../service/events.ts";
import { asksForHelp, serviceHelp } from "../service/help.ts";
import { firstThatAnswers } from "../service/l1.ts";
import { writableFolder } from "../stack/data-dir.ts";

/** `anh node run`: a node in this process, until a signal. */
export async function runNode(args: readonly string[], description: string): Promise<void> {
  if (asksForHelp(args)) {
    process.stdout.write(serviceHelp("anh node run", description, NODE_SETTINGS));
    return;
  }
  const config = readConfig(
    args.filter((word) => word !== "--json"),
    process.env,
  );
  writableFolder(config.dataDir);
  // Before it says that it is ready: waiting cures no other L1, and nothing comes of none.
  await firstThatAnswers([config.l1Url, ...config.l1WitnessUrls], readChain(config.chainFile));
  const { nodeMain } = await import("../../l2-node/main.ts");
  await nodeMain(config, eventsTo(config.role, args.includes("--json")));
  process.stderr.write("anh: node stopped\n");
}
