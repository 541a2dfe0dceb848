import { AnhError } from "../../common/errors.ts";

/** A transaction the mempool does not take; the message is the one wallets know from go-ethereum. */
export class PoolError extends AnhError {}
