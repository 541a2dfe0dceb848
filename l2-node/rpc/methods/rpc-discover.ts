import { type Method, method, noParams } from "../method.ts";
import { openRpcDocument } from "../openrpc.ts";

/** The OpenRPC document of the table it stands in. */
export const rpcDiscover = (table: () => Readonly<Record<string, Method>>): Method =>
  method(noParams, ({ clientVersion }) => openRpcDocument(table(), clientVersion));
