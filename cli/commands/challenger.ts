import { CHALLENGER_SETTINGS, readChallengerSettings } from "../../verifier/challenger-settings.ts";
import { asksForHelp, serviceHelp } from "../service/help.ts";
import { runService } from "../service/run.ts";

/** `anh challenger run`: a challenger in this process, until a signal. */
export async function runChallenger(args: readonly string[], description: string): Promise<void> {
  if (asksForHelp(args)) {
    const key = { ANH_KEY: "the private key of the challenger's L1 account, which pays gas, bonds and questions" };
    process.stdout.write(serviceHelp("anh challenger run", description, CHALLENGER_SETTINGS, key));
    return;
  }
  await runService("challenger", args, readChallengerSettings, async (settings, events) => {
    const { challengerMain } = await import("../../verifier/challenger-main.ts");
    await challengerMain(settings, events);
  });
}
