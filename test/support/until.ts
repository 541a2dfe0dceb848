import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `look` gives something, for as long as the test runner lets it. */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(20);
  }
}
