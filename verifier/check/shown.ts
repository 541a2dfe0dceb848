import type { Hex } from "viem";
import type { EncodedGraphHeader } from "../../common/graph-encoding.ts";
import type { StepRoots } from "../trace/step.ts";
import { listsOfPages, pageCount } from "../witness/pages.ts";
import { type Bisection, bisect } from "./bisect.ts";
import type { Published } from "./published.ts";
import { allShown, type Want, WantedError } from "./want.ts";

const EQUAL: Bisection = { kind: "equal" };

/**
 * The first item from `from` on that differs from the own one; throws `WantedError` while that is not known.
 * @param own all items, of which something differs: those before `from` as far as they are known
 */
export function firstDiffering(
  own: readonly Hex[],
  from: number,
  shown: (index: number) => Hex | undefined,
  want: (index: number) => Want,
): number {
  const known = own.map((hash, index) => {
    const other = shown(index);
    return other === undefined ? undefined : other !== hash;
  });
  const next = from < own.length ? bisect(known.slice(from)) : EQUAL;
  if (next.kind === "ask") throw new WantedError(want(from + next.index));
  if (next.kind === "found") return from + next.index;
  // What is left is equal: something before differs, which asking by halves passed over.
  const hidden = known.indexOf(undefined);
  if (hidden < 0) throw new Error("L1 shows items of another root than the claimed");
  throw new WantedError(want(hidden));
}

/** The value roots of a step out of all their pages; throws `WantedError` for those that L1 does not show. */
export async function shownRoots(
  published: Published,
  header: EncodedGraphHeader,
  segment: number,
  step: number,
): Promise<StepRoots> {
  const pages = Array.from({ length: pageCount(header) }, (_, page) => () => {
    const roots = published.step(segment, step)?.page(page);
    if (roots === undefined) throw new WantedError({ path: "step", segment, step, page });
    return roots;
  });
  return listsOfPages(header, await allShown(pages));
}
