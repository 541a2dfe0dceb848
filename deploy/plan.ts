import type { Address, Hex } from "viem";
import type { Clocks } from "../common/clocks.ts";
import { ZERO_HASH } from "../common/hash.ts";
import type { Header } from "../common/header.ts";

/** A contract to deploy: contracts name each other, so arguments are made when all addresses are known. */
export interface Deployment {
  readonly name: string;
  readonly source: string;
  readonly args: (at: Readonly<Record<string, Address>>) => readonly unknown[];
}

export interface PlanOptions {
  readonly l2ChainId: bigint;
  readonly clocks: Clocks;
  readonly sequencer: Address;
  readonly poster: Address;
  readonly genesis: (inbox: Address) => { readonly header: Header; readonly hash: Hex };
}

/** The contracts in the order of the deployer's nonces. */
export function plan(options: PlanOptions): readonly Deployment[] {
  const { l2ChainId, clocks, sequencer, poster, genesis } = options;
  return [
    {
      name: "inbox",
      source: "l1/Inbox",
      args: (at) => [l2ChainId, at.prepaidGas, at.bridge, at.resultClaims, at.stateClaims],
    },
    { name: "prepaidGas", source: "l1/PrepaidGas", args: (at) => [at.inbox, at.bridge] },
    {
      name: "bridge",
      source: "l1/Bridge",
      args: (at) => [
        l2ChainId,
        at.inbox,
        at.stateClaims,
        at.prepaidGas,
        Object.entries(at)
          .filter(([name]) => name !== "bridge")
          .map(([, address]) => address),
      ],
    },
    {
      name: "headerAnchor",
      source: "l1/HeaderAnchor",
      args: (at) => {
        const { header, hash } = genesis(at.inbox as Address);
        const batch = {
          firstNumber: 0n,
          lastNumber: 0n,
          lastTimestamp: header.timestamp,
          inboxCount: 0n,
          originNumber: header.origin.number,
          anchoredAt: header.timestamp,
          lastHash: hash,
          dataRoot: ZERO_HASH,
        };
        return [l2ChainId, at.inbox, sequencer, clocks.inclusionWindowSeconds, batch];
      },
    },
    {
      name: "stateClaims",
      source: "l1/StateClaims",
      args: (at) => [at.inbox, at.headerAnchor, at.resultClaims, poster, clocks.stateWindowSeconds],
    },
  ];
}
