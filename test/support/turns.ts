/** Turns of the event loop while something is at work: whether others could have been answered meanwhile. */
export async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly turns: number }> {
  let turns = 0;
  let timer = setImmediate(function turn() {
    turns++;
    timer = setImmediate(turn);
  });
  try {
    const result = await work();
    return { result, turns };
  } finally {
    clearImmediate(timer);
  }
}
