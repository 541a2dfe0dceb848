// What an honest claimant must be able to afford: the answer to the largest demand that L1 lets anybody make.
import { type Abi, createWalletClient, decodeFunctionData, type Hex, http, parseEther, parseEventLogs } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { PLACE } from "../../../common/graph-encoding.ts";
import { RECKONED_GAS_PRICE_WEI } from "../../../deploy/prices.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { openSender } from "../../../verifier/sender.ts";
import { encodeName, nameValue } from "../../../verifier/witness/canonical.ts";
import { headerProof } from "../../../verifier/witness/proofs.ts";
import { openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";

/** What nodes of L1 relay, and what a signed envelope adds to the calldata. */
const RELAYED_BYTES = 131_072;
const ENVELOPE_BYTES = 200;
const BLOCK_CHUNKS = 64;

let stage: ServiceStage;
let answer: { readonly calldataBytes: number; readonly gasUsed: bigint; readonly feeWei: bigint };

beforeAll(async () => {
  stage = await openServiceStage();
  const task = stage.job({ rows: 11_000, deadline: 2n ** 40n }); // 132,000 bytes of images: 129 chunks
  await stage.upload(task);
  const { events } = await stage.execute("executor", task, honestSteps(1));
  const { claimHash } = (await seen(events, "claimed")) as unknown as { claimHash: Hex };
  const { client, url, chain } = stage.l1;
  const account = privateKeyToAccount(devAccount("user").privateKey);
  const sender = openSender({ l1: client, wallet: createWalletClient({ account, transport: http(url) }) });
  const demands = { address: chain.contracts.demands, abi: demandsAbi as Abi };
  const graph = encodeGraph(task.graphs.train.graph);
  const images = encodeName(graph, nameValue(graph, PLACE.feed, 0));
  const args = [claimHash, task.task, headerProof(graph), images, 0, BLOCK_CHUNKS];
  const asked = await sender.sendWithBond({ ...demands, functionName: "demandInput", args }, parseEther("1"));
  const [event] = parseEventLogs({ abi: demandsAbi as Abi, logs: asked.logs, eventName: "Asked" }) as unknown as {
    args: { key: Hex };
  }[];
  const demandOf = { ...demands, functionName: "demandOf", args: [event!.args.key] };
  const { feeWei } = (await client.readContract(demandOf)) as { feeWei: bigint };
  await seen(events, "answered");
  const [published] = await client.getContractEvents({
    address: demands.address,
    abi: demandsAbi as Abi,
    eventName: "ChunksPublished",
    fromBlock: chain.deployedAtL1Block,
  });
  const { input } = await client.getTransaction({ hash: published!.transactionHash });
  expect(decodeFunctionData({ abi: demandsAbi as Abi, data: input }).functionName).toBe("answerChunks");
  const { gasUsed } = await client.getTransactionReceipt({ hash: published!.transactionHash });
  answer = { calldataBytes: (input.length - 2) / 2, gasUsed, feeWei };
});
afterAll(async () => {
  await stage?.stopAll();
  await stage?.close();
});

describe("the answer to a demand of as many chunks as L1 lets one ask for", () => {
  it("is a transaction that L1's nodes relay", () => {
    expect(answer.calldataBytes + ENVELOPE_BYTES).toBeLessThanOrEqual(RELAYED_BYTES);
  });

  it("costs its claimant no more than the fee, at the gas price that all prices reckon with", () => {
    expect(answer.feeWei).toBeGreaterThanOrEqual(answer.gasUsed * RECKONED_GAS_PRICE_WEI);
  });
});
