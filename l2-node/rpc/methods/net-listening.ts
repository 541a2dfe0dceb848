import { method, noParams } from "../method.ts";

export const netListening = method(noParams, () => true);
