import { method, noParams } from "../method.ts";

export const web3ClientVersion = method(noParams, ({ clientVersion }) => clientVersion);
