import type { Address } from "viem";

/** Which HeaderAnchor a sequencer signs for. */
export interface AnchorDomain {
  readonly l1ChainId: bigint;
  readonly headerAnchor: Address;
  readonly l2ChainId: bigint;
}

/** EIP-712 domain of all that a sequencer signs: batches (P3.4) and single headers (P3.9). */
export const typedDomain = ({ l1ChainId, headerAnchor }: AnchorDomain) =>
  ({ name: "ANH", version: "1", chainId: l1ChainId, verifyingContract: headerAnchor }) as const;
