import type { Attributes } from "../graph/graph.ts";
import { ShapeError } from "./errors.ts";

export function intAttribute(attributes: Attributes, name: string, fallback?: number): number {
  const value = attributes[name] ?? fallback;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new ShapeError(`integer attribute ${name}`, String(value));
  }
  return value;
}

export function listAttribute(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  if (!Array.isArray(value) || !value.every((item) => Number.isSafeInteger(item))) {
    throw new ShapeError(`integer list attribute ${name}`, String(value));
  }
  return value;
}

/** An axis in [0, rank); canonical graphs hold no negative axes. */
export function axisAttribute(attributes: Attributes, rank: number, name = "axis"): number {
  const axis = intAttribute(attributes, name);
  if (axis < 0 || axis >= rank) throw new ShapeError(`${name} in [0, ${rank})`, String(axis));
  return axis;
}
