import { method, noParams } from "../method.ts";

/** false: blocks are served as they are known; how far L1 was read is `anh_syncStatus`. */
export const ethSyncing = method(noParams, () => false);
