import { concat, type Hex, keccak256, pad } from "viem";

export interface GivenProof {
  readonly siblings: readonly Hex[];
  readonly other?: { readonly path: Hex; readonly valueHash: Hex };
}

const bits = (path: Hex): string => BigInt(path).toString(2).padStart(256, "0");
const leafOf = (path: Hex, valueHash: Hex): Hex => keccak256(concat(["0x00", path, valueHash]));

/** P11.2 and P11.6 as a stranger reads them: the root that a proof leads to; throws for what can prove nothing. */
export function rootOfProof(key: Hex, value: Hex | undefined, { siblings, other }: GivenProof): Hex {
  const path = keccak256(key);
  if (value !== undefined && other !== undefined) throw new Error("a key that is there has no other leaf in its place");
  if (other !== undefined) {
    const shared = bits(other.path).slice(0, siblings.length);
    if (other.path === path || !bits(path).startsWith(shared)) throw new Error("the other leaf belongs elsewhere");
  }
  let node = value === undefined ? pad("0x", { size: 32 }) : leafOf(path, keccak256(value));
  if (other !== undefined) node = leafOf(other.path, other.valueHash);
  for (const [i, sibling] of siblings.entries()) {
    const bit = bits(path)[siblings.length - 1 - i];
    node = keccak256(concat(bit === "0" ? ["0x01", node, sibling] : ["0x01", sibling, node]));
  }
  return node;
}
