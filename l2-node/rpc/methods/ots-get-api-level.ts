import { method, noParams } from "../method.ts";

export const otsGetApiLevel = method(noParams, () => 8);
