import { type Method, method, noParams } from "../method.ts";
import { openRpcDocument } from "../openrpc.ts";
import { refusedMethods } from "../refused.ts";

/** The OpenRPC document of the table it stands in, without what is refused by name. */
export const rpcDiscover = (table: () => Readonly<Record<string, Method>>): Method =>
  method(noParams, ({ clientVersion }) => openRpcDocument(offered(table()), clientVersion));

const offered = (table: Readonly<Record<string, Method>>) =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !Object.hasOwn(refusedMethods, name)));
