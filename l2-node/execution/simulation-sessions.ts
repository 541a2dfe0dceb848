import type { Execution } from "./execution.ts";
import type { Simulation } from "./simulate.ts";
import type { SimulationQuestions } from "./wire.ts";

interface Session {
  readonly simulation: Simulation;
  /** Settles with whether the state it stood on is still what it was. */
  readonly ended: Promise<boolean>;
  readonly end: () => void;
}

/** Simulations for a caller that cannot hand its `run` over: it opens one, asks for its blocks and closes it. */
export function simulationSessions({ simulate }: Pick<Execution, "simulate">): SimulationQuestions {
  const sessions = new Map<number, Session>();
  const sessionOf = (id: number): Session => {
    const session = sessions.get(id);
    if (session === undefined) throw new Error(`there is no simulation ${id}`);
    return session;
  };
  return {
    openSimulation: (id, block, options) =>
      new Promise((resolve, reject) => {
        const { promise: closed, resolve: end } = Promise.withResolvers<void>();
        let isSame = true;
        const ended = simulate(block, options, async (simulation) => {
          // A second run means that the first one's state was rolled back: its caller begins anew.
          if (sessions.has(id)) isSame = false;
          else {
            sessions.set(id, { simulation, ended, end });
            resolve();
            await closed;
          }
          return isSame;
        });
        ended.catch(reject);
      }),
    runBlock: async (id, ...args) => sessionOf(id).simulation.runBlock(...args),
    async closeSimulation(id) {
      const { end, ended } = sessionOf(id);
      end();
      return ended.finally(() => sessions.delete(id));
    },
  };
}
