/** Something costly that is opened when it is needed and closed when nobody has needed it for a while. */
export type OnDemand<T> = {
  readonly use: <R>(work: (opened: T) => Promise<R>) => Promise<R>;
  readonly close: () => Promise<void>;
};

export function onDemand<T extends { readonly close: () => Promise<void> }>(
  open: () => Promise<T>,
  idleMs: number,
): OnDemand<T> {
  let opened: Promise<T> | undefined;
  let users = 0;
  let timer: NodeJS.Timeout | undefined;

  const close = async (): Promise<void> => {
    clearTimeout(timer);
    const closing = opened;
    opened = undefined;
    await closing?.then((thing) => thing.close());
  };

  return {
    use: async (work) => {
      clearTimeout(timer);
      users++;
      try {
        opened ??= open();
        const used = opened;
        used.catch(() => {
          if (opened === used) opened = undefined; // the next user tries again
        });
        return await work(await used);
      } finally {
        users--;
        if (users === 0) timer = setTimeout(() => close().catch(() => {}), idleMs).unref();
      }
    },
    close,
  };
}
