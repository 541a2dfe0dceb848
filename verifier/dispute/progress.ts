import type { OwnRun } from "../check/dark.ts";
import type { Residuals } from "../check/residuals.ts";

/** How far the check of a claim is that gives way to others in between. Without its data: another check needs the memory. */
export type Progress = {
  /** Segments found right. They stay so: the claim names all of what makes them right. */
  readonly right: Set<number>;
  /** The segment with which one after the other goes on, if the claimed state before it is still on the shelf. */
  next?: number;
  /** The same of own runs beside a claim of which nothing is served, by their names on the shelf. */
  readonly own: Map<string, Omit<OwnRun, "state">>;
  /** Of the whole claim, from all turns. */
  readonly residuals: Residuals;
  /** Waited for its data in turns that gave way. */
  waitedSeconds: number;
  /** Computing a segment, in the fastest stretch so far. */
  paceMs?: number;
  /** Segments that are still to be looked at; unknown before the first turn. */
  left?: number;
};

/** Seconds that the rest takes even at the fastest pace seen; 0 where none was. A job's own figures are not believed. */
export const workSeconds = ({ paceMs = 0, left = 0 }: Progress): number => (paceMs * left) / 1000;
