import type { Address, Hex } from "viem";
import type { Clocks } from "../common/clocks.ts";
import { ZERO_HASH } from "../common/hash.ts";
import type { Header } from "../common/header.ts";
import type { Prices } from "./prices.ts";

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
  readonly prices: Prices;
  readonly genesis: (inbox: Address) => { readonly header: Header; readonly hash: Hex };
}

/** The verifiers by the names `LeafVerifiers` has for them. */
const VERIFIERS = [
  "arithmetic",
  "transcendental",
  "selection",
  "dot",
  "reduce",
  "conv",
  "pool",
  "movement",
  "root",
  "content",
  "canonical",
  "validator",
  "sum",
] as const;
/** Those that ask another contract what a sum may be. */
const SUMMING: readonly string[] = ["dot", "reduce", "conv"];
const verifierName = (name: string): string => `${name}Verifier`;
const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The contracts in the order of the deployer's nonces. */
export const plan = (options: PlanOptions): readonly Deployment[] => [
  ...chainContracts(options),
  ...resultContracts(options),
  ...VERIFIERS.map((name) => ({
    name: verifierName(name),
    source: `l1/verifiers/${capitalized(name)}Verifier`,
    args: (at: Readonly<Record<string, Address>>) => (SUMMING.includes(name) ? [at.tolerantSums] : []),
  })),
  { name: "tolerantSums", source: "l1/verifiers/TolerantSums", args: () => [] },
];

function chainContracts({ l2ChainId, clocks, sequencer, poster, genesis }: PlanOptions): readonly Deployment[] {
  return [
    {
      name: "inbox",
      source: "l1/Inbox",
      args: (at) => [l2ChainId, at.prepaidGas, at.bridge, at.resultClaims, at.stateClaims, at.forcedTransactions],
    },
    { name: "prepaidGas", source: "l1/PrepaidGas", args: (at) => [at.inbox, at.bridge] },
    {
      name: "bridge",
      source: "l1/Bridge",
      args: ({ bridge: _, ...others }) => [
        l2ChainId,
        others.inbox,
        others.stateClaims,
        others.prepaidGas,
        others.forcedTransactions,
        Object.values(others),
      ],
    },
    { name: "forcedTransactions", source: "l1/ForcedTransactions", args: (at) => [at.inbox, at.bridge] },
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
      name: "sequencerStake",
      source: "l1/SequencerStake",
      args: (at) => [l2ChainId, at.headerAnchor, sequencer, clocks.stateWindowSeconds],
    },
    {
      name: "stateClaims",
      source: "l1/StateClaims",
      args: (at) => [at.inbox, at.headerAnchor, at.resultClaims, poster, clocks.stateWindowSeconds],
    },
  ];
}

function resultContracts({ l2ChainId, clocks, prices }: PlanOptions): readonly Deployment[] {
  return [
    {
      name: "resultClaims",
      source: "l1/ResultClaims",
      args: (at) => [at.inbox, at.disputes, at.demands, at.deliveries, at.voids, at.endings, l2ChainId, clocks, prices],
    },
    {
      name: "deliveries",
      source: "l1/Deliveries",
      args: (at) => [at.resultClaims, l2ChainId, clocks, prices],
    },
    { name: "graphRules", source: "l1/verifiers/GraphRules", args: () => [] },
    { name: "voids", source: "l1/Voids", args: (at) => [at.resultClaims, at.graphRules, l2ChainId] },
    { name: "endings", source: "l1/Endings", args: () => [] },
    { name: "openings", source: "l1/Openings", args: () => [] },
    {
      name: "demands",
      source: "l1/Demands",
      args: (at) => [at.resultClaims, at.disputes, at.openings, clocks, prices],
    },
    {
      name: "disputes",
      source: "l1/Disputes",
      args: (at) => [at.resultClaims, at.demands, at.leafRouter, clocks, prices],
    },
    {
      name: "leafRouter",
      source: "l1/verifiers/LeafRouter",
      args: (at) => [Object.fromEntries(VERIFIERS.map((name) => [name, at[verifierName(name)]]))],
    },
  ];
}
