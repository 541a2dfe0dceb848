import { hexQuantity } from "../format.ts";
import { method, noParams } from "../method.ts";

/** The least there is: no transaction here has blobs, and BLOBBASEFEE answers the same. */
export const ethBlobBaseFee = method(noParams, () => hexQuantity(1));
