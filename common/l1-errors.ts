import { AnhError } from "./errors.ts";

/** An L1 endpoint said things that do not fit together, or fit none of the others; nothing of it was believed. */
export class L1DataError extends AnhError {}

/** What to do where L1 lacks the block that the chain began on. */
export const BEGUN_ANEW =
  "its L1 was started anew, or the chain file is another chain's: take the chain.json of the chain that runs";

/** The L1 endpoint is another chain's, or a chain this file was not deployed on. Waiting does not help. */
export class WrongL1Error extends AnhError {}
