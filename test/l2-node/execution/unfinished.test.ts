import { type Hex, keccak256, toHex } from "viem";
import { expect, test } from "vitest";
import { WorldState } from "../../../l2-node/execution/state.ts";
import { listTask, oldestTask, unlistTask } from "../../../l2-node/execution/unfinished.ts";
import { seededRandom } from "../../support/random.ts";

const idOf = (name: string): Hex => keccak256(toHex(name));
const LIST = { kind: 2, modelId: idOf("model") };
const empty = () => new WorldState({ get: () => undefined });
const left = (state: WorldState) => [...state.writes().values()].filter((value) => value !== undefined).length;

/** Takes the oldest, again and again. */
function drain(state: WorldState): Hex[] {
  const ids: Hex[] = [];
  for (let id = oldestTask(state, LIST); id !== undefined; id = oldestTask(state, LIST)) {
    ids.push(id);
    unlistTask(state, id, LIST);
  }
  return ids;
}

test("what was never listed, or has left, leaves a list as it is", () => {
  const state = empty();
  unlistTask(state, idOf("a"), LIST);
  expect(left(state)).toBe(0);
  listTask(state, LIST, idOf("a"));
  unlistTask(state, idOf("b"), LIST);
  expect(drain(state)).toEqual([idOf("a")]);
  unlistTask(state, idOf("a"), LIST);
  expect(left(state)).toBe(0);
});

test("lists of other kinds and models are others", () => {
  const state = empty();
  const others = [
    { ...LIST, kind: 3 },
    { ...LIST, modelId: idOf("other") },
  ];
  for (const [i, list] of others.entries()) listTask(state, list, idOf(`${i}`));
  expect(oldestTask(state, LIST)).toBeUndefined();
  expect(others.map((list) => oldestTask(state, list))).toEqual([idOf("0"), idOf("1")]);
});

test("one, the first, the last or any between leaves; the rest keep their order, and nothing stays in storage", () => {
  const random = seededRandom(4);
  for (let round = 0; round < 100; round++) {
    const state = empty();
    let ids = Array.from({ length: 1 + random.below(6) }, (_, i) => idOf(`${i}`));
    for (const id of ids) listTask(state, LIST, id);
    for (let i = random.below(ids.length + 1); i > 0; i--) {
      const gone = ids[random.below(ids.length)]!;
      unlistTask(state, gone, LIST);
      ids = ids.filter((id) => id !== gone);
    }
    listTask(state, LIST, idOf("late"));
    expect(drain(state)).toEqual([...ids, idOf("late")]);
    expect(left(state)).toBe(0);
  }
});
