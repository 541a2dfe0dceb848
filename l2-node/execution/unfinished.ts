import type { Hex } from "viem";
import { bytesOfHex, concatBytes, hexOf } from "../../common/bytes.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { systemKey } from "./keys.ts";
import type { StateReader, WorldState } from "./state.ts";
import { ITEM, type Opened, read, type Slot, write } from "./system.ts";

/** Inferences or evaluations of a model; `kind` is a task's. */
export interface TaskList {
  readonly kind: number;
  readonly modelId: Hex;
}

const wordsSlot = (key: Slot<never>["key"]): Slot<readonly [Hex, Hex]> => ({
  key,
  encode: ([first, second]) => concatBytes(bytesOfHex(first), bytesOfHex(second)),
  decode: (bytes) => [hexOf(bytes.subarray(0, 32)), hexOf(bytes.subarray(32))],
});
/** Its first and its last id; absent if there is none. */
const endsSlot = ({ kind, modelId }: TaskList) =>
  wordsSlot(systemKey(ITEM.unfinished, `0x${kind.toString(16).padStart(2, "0")}`, modelId));
/** The ids before and behind one, zero at the ends. */
const linkSlot = (id: Hex) => wordsSlot(systemKey(ITEM.link, id));

// Tasks that were opened for a model, oldest first, until they have ended. A doubly linked list in system storage: one that ends
// somewhere in it leaves nothing behind that a walk would have to step over.

export function listTask(state: WorldState, list: TaskList, id: Hex): void {
  const [first, last] = read(state, endsSlot(list)) ?? [id, ZERO_HASH];
  write(state, linkSlot(id), [last, ZERO_HASH]);
  if (last !== ZERO_HASH) write(state, linkSlot(last), [read(state, linkSlot(last))![0], id]);
  write(state, endsSlot(list), [first, id]);
}

/** Of what was not listed, or has ended before, it does nothing. */
export function unlistTask(state: WorldState, id: Hex, { kind, modelId }: Pick<Opened, "kind" | "modelId">): void {
  const link = read(state, linkSlot(id));
  if (link === undefined) return;
  const [before, after] = link;
  const [first, last] = read(state, endsSlot({ kind, modelId }))!;
  write(state, linkSlot(id), undefined);
  if (before !== ZERO_HASH) write(state, linkSlot(before), [read(state, linkSlot(before))![0], after]);
  if (after !== ZERO_HASH) write(state, linkSlot(after), [before, read(state, linkSlot(after))![1]]);
  const ends = [before === ZERO_HASH ? after : first, after === ZERO_HASH ? before : last] as const;
  write(state, endsSlot({ kind, modelId }), ends[0] === ZERO_HASH ? undefined : ends);
}

export const oldestTask = (state: StateReader, list: TaskList): Hex | undefined => read(state, endsSlot(list))?.[0];
