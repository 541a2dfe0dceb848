/** What is wrong in one step of a claim; every kind is one of P7.5's and can be proven on L1. */
export type Violation =
  | { readonly kind: "element"; readonly node: number; readonly element: number }
  /** Of an element that no proof can add up: `published` are what its claimant says of its parts (P7.10). */
  | {
      readonly kind: "part";
      readonly node: number;
      readonly element: number;
      readonly part: number;
      readonly published: Uint8Array;
    }
  /** That the element failed, which this claimed run ends with: `right` is a result of it. */
  | { readonly kind: "failure"; readonly node: number; readonly element: number; readonly right: number | bigint }
  /** What comes with a failure, or behind it, is not zero. */
  | { readonly kind: "zero"; readonly node: number; readonly element: number }
  | { readonly kind: "link"; readonly end: boolean }
  /** `element`: of a tensor that was drawn (P4.7). */
  | { readonly kind: "start"; readonly state: number; readonly element?: number }
  | { readonly kind: "feed"; readonly feed: number; readonly row: number; readonly element: number }
  | { readonly kind: "input" }
  | { readonly kind: "nextState"; readonly state: number }
  | { readonly kind: "layout"; readonly node: number; readonly operand: number; readonly element: number }
  | { readonly kind: "metric" }
  /** A bool that is neither 0 nor 1. */
  | {
      readonly kind: "canonical";
      readonly place: number;
      readonly index: number;
      readonly element: number;
      /** It has no elements, and another root than 0. */
      readonly isEmpty?: true;
    }
  | { readonly kind: "finite"; readonly place: number; readonly index: number; readonly element: number };

/** Of one element of a node's output. */
export type ElementViolation = Extract<Violation, { kind: "element" | "zero" }>;

/** A violation and where it is. `step` counts within the segment. */
export type LocatedViolation = { readonly segment: number; readonly step: number; readonly violation: Violation };
