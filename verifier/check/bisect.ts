/** What is known of each item: it differs from the own one, it does not, or nobody has shown it. */
export type Difference = boolean | undefined;

export type Bisection =
  /** It differs and the item before it (if any) does not. */
  | { readonly kind: "found"; readonly index: number }
  | { readonly kind: "ask"; readonly index: number }
  | { readonly kind: "equal" };

/**
 * Which item to look at next, so that few have to be shown. What once differed usually stays different; where it does
 * not (the last item is equal again), one after the other is asked for.
 */
export function bisect(known: readonly Difference[]): Bisection {
  const high = known.indexOf(true);
  if (high < 0) {
    if (known.at(-1) === undefined) return { kind: "ask", index: known.length - 1 };
    const unknown = known.indexOf(undefined);
    return unknown < 0 ? { kind: "equal" } : { kind: "ask", index: unknown };
  }
  const low = known.lastIndexOf(false, high);
  if (low === high - 1) return { kind: "found", index: high };
  return { kind: "ask", index: Math.floor((low + high) / 2) };
}
