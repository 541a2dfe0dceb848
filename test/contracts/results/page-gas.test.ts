// What a full page of a step's value roots costs its claimant on a real L1, against what its fee brings (docs/protocol.md P7.2,
// P7.6). The claim is made up of hashes: nobody computes a network with so many values to publish their roots.
import {
  type Abi,
  createWalletClient,
  encodeAbiParameters,
  type Hex,
  http,
  keccak256,
  numberToHex,
  parseEther,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { claimHash, commitment, NO_FAILURE, segmentLeafHash, stepTraceHash } from "../../../common/claim.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { graphHeaderHash, NO_VALUE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { taskHash, trainTask } from "../../../common/task.ts";
import { defaultPrices, RECKONED_GAS_PRICE_WEI } from "../../../deploy/prices.ts";
import { openSender } from "../../../verifier/sender.ts";
import { stepTraceOf } from "../../../verifier/trace/step.ts";
import { PAGE_ROOTS, pageCount, pageOf } from "../../../verifier/witness/pages.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { smallTask } from "../../support/small-task.ts";

let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1?.stop());

const list = (tag: number, count: number): Hex[] =>
  Array.from({ length: count }, (_, i) => keccak256(numberToHex(tag * 1e6 + i, { size: 32 })));
/** As many as a transformer of 12 layers has. */
const roots = {
  stateIn: list(1, 377),
  feeds: list(2, 2),
  exact: list(3, 4000),
  loose: list(4, 211),
  stateOut: list(5, 377),
};
const header = {
  kind: 1,
  constants: 0,
  states: 377,
  feeds: 2,
  datasetFeeds: 2,
  nextStates: 377,
  nodes: 3000,
  exactCount: 4000,
  looseCount: 211,
  loss: NO_VALUE,
};

const SUM_NODE = [{ type: "bytes32" }, { type: "uint64" }, { type: "uint64" }] as const;

/** The header's place in a tree of 3,757 leaves, all of the others anything. */
function graphOfHeader() {
  const siblings = Array.from({ length: 12 }, (_, i) => ({ hash: keccak256(numberToHex(i)), flops: 1n, bytes_: 1n }));
  let node = { hash: graphHeaderHash(header), flops: 0n, bytes_: 0n };
  for (const { hash, flops, bytes_ } of siblings) {
    const words = [node.hash, node.flops, node.bytes_, hash, flops, bytes_] as const;
    const parent = keccak256(encodeAbiParameters([...SUM_NODE, ...SUM_NODE], words));
    node = { hash: parent, flops: node.flops + flops, bytes_: node.bytes_ + bytes_ };
  }
  return { graph: { root: node.hash, flops: node.flops, bytes_: node.bytes_ }, siblings };
}

it("a full page of roots costs its claimant no more than it is paid for it", async () => {
  const { graph, siblings } = graphOfHeader();
  const flags = JOB_FLAG.stepRoots | JOB_FLAG.sequentialRows;
  const job = { ...smallTask().job, trainGraph: graph, flags, steps: 1, segmentSteps: 1, profile: 0 };
  const task = trainTask(job);
  const trace = stepTraceOf(roots);
  const leaf = { index: 0, endState: trace.stateOut, metricsRoot: ZERO_HASH, stepsRoot: stepTraceHash(trace) };
  const account = privateKeyToAccount(devAccount("user").privateKey);
  const sender = openSender({ l1: l1.client, wallet: createWalletClient({ account, transport: http(l1.url) }) });
  const claim = {
    id: task.id,
    claimant: account.address,
    taskHash: taskHash(task),
    seed: ZERO_HASH,
    resultRoot: trace.stateOut,
    trajectoryRoot: segmentLeafHash(leaf),
    consumed: [],
    output: "0x",
    salt: ZERO_HASH,
    failure: NO_FAILURE,
  } as const;
  const hash = claimHash(claim);
  const claims = { address: l1.chain.contracts.resultClaims, abi: resultClaimsAbi as Abi };
  const demands = { address: l1.chain.contracts.demands, abi: demandsAbi as Abi };
  await sender.send({ ...claims, functionName: "commit", args: [commitment(hash, account.address, ZERO_HASH)] });
  const input = {
    ...claim,
    job,
    kind: 1,
    inputRoot: ZERO_HASH,
    rows: 0,
    lastSegment: leaf,
    lastSegmentProof: [],
    outputProof: "0x",
    dataUrl: "",
  };
  await sender.sendWithBond({ ...claims, functionName: "claim", args: [input] }, parseEther("2"));

  const costs: number[] = [];
  for (const page of [0, 1, 10, pageCount(header) - 2]) {
    await sender.sendWithBond({ ...demands, functionName: "demandStep", args: [hash, 0, 0, page] }, parseEther("1"));
    const given = pageOf(roots, page);
    expect(given.roots).toHaveLength(PAGE_ROOTS);
    const segment = { leaf, proof: [] };
    const args = [hash, task, segment, 0, { trace, proof: [] }, { header, siblings }, page, given];
    costs.push(Number((await sender.send({ ...demands, functionName: "openStep", args })).gasUsed));
  }
  const pageFeeWei = (await l1.client.readContract({ ...demands, functionName: "pageFeeWei" })) as bigint;
  const paidWei = defaultPrices.openFeeWei / 2n + pageFeeWei;
  expect(Math.max(...costs)).toBeLessThan(Number(paidWei / RECKONED_GAS_PRICE_WEI));
});
