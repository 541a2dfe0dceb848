import type { Hex } from "viem";
import { bytesOfHex, concatBytes, fixedBytes, hexOf, naturalOf } from "../../common/bytes.ts";
import { computed } from "./fault.ts";
import { systemKey, uint64Field } from "./keys.ts";
import type { StateReader, WorldState } from "./state.ts";
import { ITEM } from "./system.ts";

const KINDS = ["parked", "escrow", "inferences", "evaluations"] as const;

/** Something due once block time is beyond `at` (seconds). */
export interface Expiry {
  readonly at: bigint;
  /** `parked`: a transaction hash; `escrow`: an id; `inferences`, `evaluations`: a model whose unfinished ones end, one by one. */
  readonly kind: (typeof KINDS)[number];
  readonly word: Hex;
}

// A binary heap in system storage: the earliest entry is found without walking thousands of parked transactions. Entries
// are never removed early; whoever pops one asks whether it still holds.
const SIZE = systemKey(ITEM.expiry, uint64Field(2n ** 64n - 1n));
const entryKey = (index: number) => systemKey(ITEM.expiry, uint64Field(index));

/** Big-endian, so that bytes compare as (time, kind, word) does. */
const encode = ({ at, kind, word }: Expiry): Uint8Array =>
  concatBytes(fixedBytes(at, 8), Uint8Array.of(KINDS.indexOf(kind)), bytesOfHex(word));
const decode = (bytes: Uint8Array): Expiry => ({
  at: naturalOf(bytes.subarray(0, 8)),
  kind: KINDS[bytes[8]!]!,
  word: hexOf(bytes.subarray(9)),
});

function sizeOf(state: StateReader): number {
  const bytes = state.get(SIZE);
  return bytes === undefined ? 0 : Number(naturalOf(bytes));
}

const setSize = (state: WorldState, size: number) =>
  state.set(SIZE, size === 0 ? undefined : fixedBytes(BigInt(size), 8));
const entry = (state: StateReader, index: number): Uint8Array => state.get(entryKey(index))!;

function swap(state: WorldState, i: number, j: number): void {
  const held = entry(state, i);
  state.set(entryKey(i), entry(state, j));
  state.set(entryKey(j), held);
}

export function pushExpiry(state: WorldState, expiry: Expiry): void {
  const size = sizeOf(state);
  state.set(
    entryKey(size),
    computed(() => encode(expiry)),
  );
  setSize(state, size + 1);
  for (let child = size; child > 0; ) {
    const parent = (child - 1) >> 1;
    if (Buffer.compare(entry(state, parent), entry(state, child)) <= 0) return;
    swap(state, parent, child);
    child = parent;
  }
}

/** The earliest entry due at `now`; undefined if none is. */
export function nextExpired(state: StateReader, now: bigint): Expiry | undefined {
  if (sizeOf(state) === 0) return undefined;
  const first = decode(entry(state, 0));
  return first.at >= now ? undefined : first;
}

/** The same, removed. */
export function popExpired(state: WorldState, now: bigint): Expiry | undefined {
  const first = nextExpired(state, now);
  if (first === undefined) return undefined;
  const size = sizeOf(state);
  swap(state, 0, size - 1);
  state.set(entryKey(size - 1), undefined);
  setSize(state, size - 1);
  for (let parent = 0; ; ) {
    const children = [2 * parent + 1, 2 * parent + 2].filter((child) => child < size - 1);
    const least = children.sort((a, b) => Buffer.compare(entry(state, a), entry(state, b)))[0];
    if (least === undefined || Buffer.compare(entry(state, parent), entry(state, least)) <= 0) return first;
    swap(state, parent, least);
    parent = least;
  }
}
