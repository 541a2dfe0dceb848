import { watchBlocks } from "../feeds.ts";
import { method, noParams } from "../method.ts";

/** Hashes of the blocks to come. */
export const ethNewBlockFilter = method(noParams, (context) =>
  context.filters.install((collect) => watchBlocks(context, ({ hash }) => collect(hash))),
);
