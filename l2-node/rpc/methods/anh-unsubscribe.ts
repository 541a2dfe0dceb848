import { ethUnsubscribe } from "./eth-unsubscribe.ts";

/** One set of ids serves both namespaces. */
export const anhUnsubscribe = ethUnsubscribe;
