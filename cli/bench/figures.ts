import { cpus } from "node:os";

/** One measured number. `ratio` = value / reference, both taken in the same run. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly reference?: number;
  readonly ratio?: number;
}

export interface BenchReport {
  readonly suite: string;
  readonly machine: string;
  readonly date: string;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** A suite measures and says what it is doing. */
export type Suite = (say: (text: string) => void) => Promise<Record<string, Figure>>;

export const round = (value: number, digits = 4): number => Number(value.toPrecision(digits));

export const compared = (value: number, reference: number, unit: string): Figure => ({
  value: round(value),
  unit,
  reference: round(reference),
  ratio: round(value / reference),
});

/** Medians of rounds that measured both in turn. The ratio is the median of the rounds' own: what slows the machine slows both. */
export const paired = (rounds: readonly { value: number; reference: number }[], unit: string): Figure => ({
  value: round(median(rounds.map(({ value }) => value))),
  unit,
  reference: round(median(rounds.map(({ reference }) => reference))),
  ratio: round(median(rounds.map(({ value, reference }) => value / reference))),
});

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, Node ${process.version}`;
