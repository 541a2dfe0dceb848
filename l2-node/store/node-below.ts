import { existsSync } from "node:fs";
import { join } from "node:path";

/** `dev` and `demo` keep several services' folders in one, which is easily named in its node's place. */
export function nodeBelow(folder: string): { readonly hint?: string } {
  const node = join(folder, "node");
  return existsSync(join(node, "chain.sqlite")) ? { hint: `its node's is ${node}` } : {};
}
