import type { Hex } from "viem";
import type { EncodedGraphHeader } from "../../common/graph-encoding.ts";
import { sliceProof } from "../../common/merkle.ts";
import type { StepRoots } from "../trace/step.ts";

/** Value roots of a step that one answer publishes (P7.1). */
export const PAGE_ROOTS = 256;

/** Part of a step's lists of roots, one behind the other, with a proof per list that it has a part of. */
export type StepPage = { readonly roots: readonly Hex[]; readonly proofs: readonly (readonly Hex[])[] };

/** Lengths of the lists of a step, in their order (P5.3). */
const countsOf = ({ states, feeds, exactCount, looseCount, nextStates }: EncodedGraphHeader) =>
  [states, feeds, exactCount, looseCount, nextStates] as const;

const listsOf = ({ stateIn, feeds, exact, loose, stateOut }: StepRoots) =>
  [stateIn, feeds, exact, loose, stateOut] as const;

export const pageCount = (header: EncodedGraphHeader): number =>
  Math.ceil(countsOf(header).reduce((sum, count) => sum + count, 0) / PAGE_ROOTS);

export function pageOf(roots: StepRoots, page: number): StepPage {
  const from = page * PAGE_ROOTS;
  const part: Hex[] = [];
  const proofs: Hex[][] = [];
  let start = 0;
  for (const list of listsOf(roots)) {
    const first = Math.max(from - start, 0);
    const end = Math.min(from + PAGE_ROOTS - start, list.length);
    if (first < end) {
      for (let i = first; i < end; i++) part.push(list[i]!);
      proofs.push(sliceProof(list, first, end - 1));
    }
    start += list.length;
  }
  return { roots: part, proofs };
}

/** The lists out of all pages' roots. */
export function listsOfPages(header: EncodedGraphHeader, pages: readonly (readonly Hex[])[]): StepRoots {
  const all = pages.flat();
  let start = 0;
  const [stateIn, feeds, exact, loose, stateOut] = countsOf(header).map((count) => {
    start += count;
    return all.slice(start - count, start);
  }) as [Hex[], Hex[], Hex[], Hex[], Hex[]];
  return { stateIn, feeds, exact, loose, stateOut };
}
