import { concat, type Hex, hexToBigInt, keccak256, numberToHex } from "viem";
import { AnhError } from "../../common/errors.ts";

/** Which segments of a claim a challenger looks at. */
export type Policy = { readonly kind: "all" } | { readonly kind: "sample"; readonly share: number };

const DRAWS = 2 ** 32;

/** `all`, or `sample` and the share of the segments, above 0 and at most 1: `sample 0.1`. */
export function parsePolicy(words: string): Policy {
  if (words === "all") return { kind: "all" };
  const share = /^sample (\d+(?:\.\d+)?)$/.exec(words)?.[1];
  if (share === undefined || !(Number(share) > 0 && Number(share) <= 1))
    throw new AnhError("settings", `"${words}" is no policy`, {
      expected: "all, or sample and a share above 0 and at most 1",
      actual: words,
    });
  return { kind: "sample", share: Number(share) };
}

/** About so many of `count` segments are looked at: to know it exactly each would have to be drawn. */
export const aboutChosen = (policy: Policy, count: number): number =>
  policy.kind === "all" ? count : Math.ceil(policy.share * count);

/**
 * @param secret nobody else knows it: a claimant that could tell which segments are looked at would lie in the others
 */
export function chosenBy(policy: Policy, secret: Hex, claimHash: Hex): (segment: number) => boolean {
  if (policy.kind === "all") return () => true;
  const limit = BigInt(Math.ceil(policy.share * DRAWS));
  return (segment) =>
    hexToBigInt(keccak256(concat([secret, claimHash, numberToHex(segment, { size: 4 })]))) >> 224n < limit;
}
