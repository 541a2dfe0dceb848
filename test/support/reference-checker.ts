import { isolate } from "../../verifier/check/isolate.ts";
import type { SegmentCheckModules } from "../../verifier/check/segment.ts";
import type { Graph } from "../../verifier/graph/graph.ts";
import { runnable } from "../../verifier/graph/runnable.ts";
import { openReference, referenceRuntime } from "../../verifier/runtime/reference.ts";
import { SLICE_BYTES } from "../../verifier/runtime/slices.ts";
import type { Gatherer } from "../../verifier/trace/gather.ts";

/** What a challenger checks with, computing everything by the reference. */
export function referenceChecker(graph: Graph, gatherer: Gatherer): SegmentCheckModules {
  const isolated = isolate(graph);
  return {
    session: openReference(runnable(graph)),
    gatherer,
    isolated,
    isolatedSession: async () => openReference(isolated.graph),
    open: referenceRuntime.open,
    sliceBytes: SLICE_BYTES,
  };
}
