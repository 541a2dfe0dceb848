/** Does pieces of work one after the other, whether those before failed or not. */
export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

export function openLane(): Lane {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
}
