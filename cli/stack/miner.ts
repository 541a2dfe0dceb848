import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Miner {
  /** Resolves when no block comes any more by itself. */
  readonly hold: () => Promise<void>;
  readonly resume: () => void;
}

/**
 * Has anvil mine a block every `blockMs`, the next one never before the last is there. Its own interval mining notes at each tick what
 * waits, and mines that when its turn comes: on a machine that is too busy for the interval the ticks pile up, transactions are minutes
 * late, then hours, while all blocks are empty.
 */
export function mineEvery(blockMs: number, port: number): Miner {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isHeld = false;
  let mining: Promise<void> = Promise.resolve();
  void (async () => {
    for (let next = performance.now(); ; ) {
      if (!isHeld) {
        mining = mineOne(port, agent);
        await mining;
      }
      const now = performance.now();
      next = Math.max(next + blockMs, now);
      await sleep(next - now);
    }
  })();
  return {
    hold: async () => {
      isHeld = true;
      await mining;
    },
    resume: () => {
      isHeld = false;
    },
  };
}

const BODY = '{"jsonrpc":"2.0","id":1,"method":"evm_mine","params":[]}';

/** Nothing where anvil does not listen yet, or not any more. */
const mineOne = (port: number, agent: Agent): Promise<void> =>
  new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": BODY.length };
    const asked = request({ host: "127.0.0.1", port, method: "POST", agent, headers }, (response) => {
      response.resume();
      response.once("close", () => resolve());
    });
    asked.once("error", () => resolve());
    asked.end(BODY);
  });
