import type { OwnLeaves } from "../check/dark.ts";
import type { Residuals } from "../check/residuals.ts";

/** Own runs beside a claim of which nothing is served. They outlast the questions that they lead to. */
export type OwnProgress = {
  /** The one whose state is on the shelf. */
  begun?: Span & OwnLeaves;
  /** Those done to their end. */
  ended: readonly (Span & OwnLeaves)[];
};

/** Segments `from` up to `to`. */
export type Span = { readonly from: number; readonly to: number };

/** How far the check of a claim is that gives way to others in between. Without its data: another check needs the memory. */
export type Progress = {
  /** Segments found right. They stay so: the claim names all of what makes them right. */
  readonly right: Set<number>;
  /** The segment with which one after the other goes on, if the claimed state before it is still on the shelf. */
  next?: number;
  readonly own: OwnProgress;
  /** Of the whole claim, from all turns. */
  readonly residuals: Residuals;
  /** Waited for its data in turns that gave way. */
  waitedSeconds: number;
  /** Computed in turns that gave way, since it last began anew: what is lost with its state. */
  computedSeconds: number;
  /** Computing a segment, in the fastest stretch so far. */
  paceMs?: number;
  /** Segments that are still to be looked at; unknown before the first turn. */
  left?: number;
};

/** Seconds that the rest takes even at the fastest pace seen; 0 where none was. A job's own figures are not believed. */
export const workSeconds = ({ paceMs = 0, left = 0 }: Progress): number => (paceMs * left) / 1000;
