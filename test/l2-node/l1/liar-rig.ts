// The L1 endpoints of a node of which the first lies, and what reads of them.
import { formatBlock, type RpcBlock } from "viem";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { openL1Clients } from "../../../l2-node/l1/clients.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import type { TestL1 } from "../../support/l1.ts";
import { NO_BLOBS, type testNode } from "../../support/node.ts";

export type Lies = Readonly<Record<string, (answer: never, params: readonly never[]) => unknown>>;

/** As a node has them (l2-node/node.ts): the first lies, the others are honest. */
export function endpointsOf(l1: TestL1, lies: Lies, honest = 1, stuckMs = Number.POSITIVE_INFINITY) {
  const ask = async (method: string, params: readonly unknown[]) => l1.client.request({ method, params } as never);
  const liar = async (method: string, params: readonly unknown[]) => {
    const lie = lies[method];
    // A lie about what L1 refuses is told without asking it.
    const answer = lie?.length === 0 ? undefined : await ask(method, params);
    return lie === undefined ? answer : lie(answer as never, params as never);
  };
  const all = [
    { shown: "liar", ask: liar },
    ...Array.from({ length: honest }, (_, i) => ({ shown: `honest ${i}`, ask })),
  ];
  const events: { readonly event: string }[] = [];
  const endpoints = gatherEndpoints(all, (event) => events.push(event));
  const patience = { stuckMs, lateMs: Number.POSITIVE_INFINITY };
  const clients = openL1Clients({ chain: l1.chain, patience }, endpoints, (event) => events.push(event));
  return { endpoints, events, ...clients };
}

export const followerOf = (
  chain: ReturnType<typeof testNode>["chain"],
  { endpoints, agreed, client }: ReturnType<typeof endpointsOf>,
  reorgs: bigint[] = [],
) =>
  new Follower(
    { pollMs: 10, maxRangeBlocks: 2000n, maxBackoffMs: 100 },
    {
      client,
      agreed,
      suspect: (error) => endpoints.leaveOut(endpoints.usable()[0]!, error),
      blobs: NO_BLOBS,
      chain,
      onTrouble: (t) => {
        if ("reorgTo" in t) reorgs.push(t.reorgTo as bigint);
      },
    },
  );

export const forged = (block: RpcBlock): RpcBlock => {
  const other = { ...block, extraData: "0x01" } as RpcBlock;
  return { ...other, hash: keccakHex(headerRlp(formatBlock(other))) };
};

export const catchUp = async (l1: TestL1, f: Follower) => {
  await l1.hold();
  try {
    while (!(await f.poll()));
  } finally {
    await l1.resume();
  }
};
