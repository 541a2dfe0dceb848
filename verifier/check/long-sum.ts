import { PROFILE } from "../../common/job.ts";
import { isInParts, publishedBytes, wrongPart } from "../model/parts.ts";
import type { Profile } from "../ops/judge.ts";
import { CHUNK_BYTES } from "../tensor/root.ts";
import type { TaskInputs } from "../trace/inputs.ts";
import type { ClaimFinding } from "./claim.ts";
import type { Published } from "./published.ts";
import { WantedError } from "./want.ts";

type Wrong = Extract<ClaimFinding, { kind: "wrong" }>;

/**
 * What is to be proven of a wrong element: of one that no proof can add up a part (P7.10). Throws `WantedError` until L1 shows what
 * its claimant says of the parts.
 */
export async function toProve(
  { task, graph }: Pick<TaskInputs, "task" | "graph">,
  finding: Wrong,
  published: () => Promise<Published>,
): Promise<Wrong> {
  const { segment, wrong } = finding;
  const { violation, step } = wrong;
  if (violation.kind !== "element" || !isInParts(graph, graph.nodes[violation.node]!)) return finding;
  const { node, element } = violation;
  const profile: Profile = task.profile === PROFILE.tolerant ? "tolerant" : "strict";
  const shown = (await published()).sum(segment, step, node, element);
  if (shown === undefined) {
    const chunkCount = Math.ceil(publishedBytes(graph, graph.nodes[node]!, profile) / CHUNK_BYTES);
    throw new WantedError({ path: "sum", segment, step, node, element, chunkCount });
  }
  const part = wrongPart({ graph, node, element, profile, tensorAt: (id) => wrong.values[id]! }, shown);
  return { ...finding, wrong: { ...wrong, violation: { kind: "part", node, element, part, published: shown } } };
}
