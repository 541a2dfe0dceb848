import { hash } from "node:crypto";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";

const BYTES = 64 << 20;
const MEGA = 1e6;
const ROUNDS = 9;

/** Tensor roots (SHA-256 per KiB, keccak-256 above) against one SHA-256 over the same bytes. One thread both times. */
export async function commit(say: (text: string) => void): Promise<Record<string, Figure>> {
  const bytes = Uint8Array.from({ length: BYTES }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  const rounds: { value: number; reference: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const bulk = await secondsOf(async () => hash("sha256", bytes));
    const root = await secondsOf(async () => tensorRoot(bytes));
    if (round === 0) continue; // warm-up
    rounds.push({ value: BYTES / MEGA / root, reference: BYTES / MEGA / bulk });
    say(`round ${round}: tensor root in ${root.toFixed(3)} s, bulk in ${bulk.toFixed(3)} s`);
  }
  return { "commit-ratio": paired(rounds, "MB/s") };
}
