import type { Graph } from "../graph/graph.ts";
import { runnable } from "../graph/runnable.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { SLICE_BYTES } from "../runtime/slices.ts";
import type { Dataset } from "../trace/dataset.ts";
import { openGatherer } from "../trace/gather.ts";
import { isolate } from "./isolate.ts";
import type { SegmentCheckModules } from "./segment.ts";

/** What checking one claim needs, opened for the time it takes. One thread: those are the bits `strict` is judged by. */
export async function withCheckModules<T>(
  runtime: Runtime,
  { graph, dataset }: { readonly graph: Graph; readonly dataset: Dataset },
  use: (modules: SegmentCheckModules) => Promise<T>,
  sliceBytes = SLICE_BYTES,
): Promise<T> {
  const isolated = isolate(graph);
  let isolatedSession: Promise<Session> | undefined;
  const session = await runtime.open(runnable(graph));
  const gatherer = openGatherer(dataset);
  try {
    return await use({
      session,
      gatherer,
      isolated,
      open: runtime.open,
      sliceBytes,
      // Only where something differs.
      isolatedSession: () => {
        isolatedSession ??= runtime.open(isolated.graph);
        return isolatedSession;
      },
    });
  } finally {
    await Promise.all([session.close(), gatherer.close(), (await isolatedSession)?.close()]);
  }
}
