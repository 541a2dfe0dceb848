import { EXECUTOR_SETTINGS, readExecutorSettings } from "../../verifier/executor-settings.ts";
import { asksForHelp, serviceHelp } from "../service/help.ts";
import { runService } from "../service/run.ts";

/** `anh executor run`: an executor in this process, until a signal. */
export async function runExecutor(args: readonly string[], description: string): Promise<void> {
  if (asksForHelp(args)) {
    const key = { ANH_KEY: "the private key of the executor's L1 account, which pays gas and bonds" };
    process.stdout.write(serviceHelp("anh executor run", description, EXECUTOR_SETTINGS, key));
    return;
  }
  await runService("executor", args, readExecutorSettings, async (settings, events) => {
    const { executorMain } = await import("../../verifier/executor-main.ts");
    await executorMain(settings, events);
  });
}
