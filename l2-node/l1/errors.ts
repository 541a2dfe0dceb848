import { AnhError } from "../../common/errors.ts";

/** The L1 endpoint said things that do not fit together; nothing of it was stored. */
export class L1DataError extends AnhError {}

/** The L1 endpoint is another chain's, or a chain this file was not deployed on. Waiting does not help. */
export class WrongL1Error extends AnhError {}

/** An L1 transaction that was mined and reverted, or that L1 refuses to take. */
export class L1TransactionError extends AnhError {}

/** L1's nodes take blobs beside no pending transaction of the key that carries none. */
export class CalldataPendingError extends AnhError {}
