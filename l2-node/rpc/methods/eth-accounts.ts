import { method, noParams } from "../method.ts";

/** The node holds no user's keys. */
export const ethAccounts = method(noParams, () => []);
