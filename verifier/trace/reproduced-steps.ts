import { type Graph, valueAt } from "../graph/graph.ts";
import { sameBits } from "../runtime/reproduce.ts";
import type { Session } from "../runtime/runtime.ts";
import { DeclinedError } from "./canonical.ts";
import { type Steps, stepsOf } from "./steps.ts";

/**
 * The steps of a session on a graphics processor, the first of which is computed twice, and once without its values exposed: where the
 * bits differ the task is declined. Nobody could answer for such a claim.
 */
export function reproducedSteps(graph: Graph, session: Session): Steps {
  const steps = stepsOf(session);
  let isProven = false;
  return {
    ...steps,
    values: async (step, state, batch, ids) => {
      const values = await steps.values(step, state, batch, ids);
      if (isProven) return values;
      const again = await steps.values(step, state, batch, ids);
      const ends = (await session.step(state, batch)).state;
      for (const [i, id] of ids.entries()) {
        const end = graph.stateOutputs.indexOf(id);
        if (!sameBits(values[i]!, again[i]!) || (end >= 0 && !sameBits(values[i]!, ends[end]!)))
          throw new DeclinedError(
            `${valueAt(graph, id).name} of step ${step} has other bits when it is computed again`,
          );
      }
      isProven = true;
      return values;
    },
  };
}
