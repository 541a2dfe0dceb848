import { AnhError } from "../../common/errors.ts";

/** An L1 transaction that was mined and reverted, or that L1 refuses to take. */
export class L1TransactionError extends AnhError {}

/** L1's nodes take blobs beside no pending transaction of the key that carries none. */
export class CalldataPendingError extends AnhError {}
