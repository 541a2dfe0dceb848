// Commissions as the real services serve and watch them, on a real L1 (docs/protocol.md P13).
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Abi, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { deliveriesAbi } from "../../../common/contracts/deliveries.ts";
import { disputesAbi } from "../../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { jobParameter } from "../../../common/job.ts";
import { inferTask } from "../../../common/task.ts";
import { defaultPrices } from "../../../deploy/prices.ts";
import { disputeSource } from "../../../l2-node/l1/disputes.ts";
import { evidenceOf } from "../../../verifier/check/evidence.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { openAccountSender, openL1 } from "../../../verifier/clients.ts";
import { openDataClient } from "../../../verifier/data/client.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { type Graph, valueAt } from "../../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { toSafetensors } from "../../../verifier/tensor/safetensors.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { rootOfList, stepTraceOf } from "../../../verifier/trace/step.ts";
import type { Steps } from "../../../verifier/trace/steps.ts";
import { linkParameter } from "../../../verifier/witness/abi.ts";
import { compile } from "../../support/gas-meter.ts";
import { TEST_CLOCKS } from "../../support/l1.ts";
import { blockAfter } from "../../support/liars-claim.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { checked, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { type SmallCommission, smallCommission } from "../../support/small-commission.ts";
import { until } from "../../support/until.ts";

let stage: ServiceStage;
let salt = 1000;
beforeAll(async () => {
  stage = await openServiceStage();
  const { graphs, dataset, heldOut } = smallCommission(0);
  for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) await stage.serveGraph(graph);
  await stage.serve(graphs.train.state.map(({ start }) => start));
  await stage.serve(dataset.tensors);
  await stage.serve(heldOut.tensors);
});
afterEach(async () => {
  await stage.stopAll();
  // What is left open comes last for the next challenger.
  await stage.l1.warp(61);
});
afterAll(() => stage?.close());

const commission = (change: Parameters<typeof smallCommission>[1] = {}) => smallCommission(salt++, change);

const named = (graph: Graph, op: string): number => graph.nodes.findIndex((node) => node.op === op);

/** Counts a wrong answer as right, or a right one as wrong, in step 2 of every count. */
const miscounting: ExecutorParts["openSteps"] = async (graph, task) =>
  graph.kind === "evaluate"
    ? lyingSteps(graph, onnxRuntime({ threads: 1 }), {
        step: 2,
        node: named(graph, "Equal"),
        element: 3,
        amount: { unit: "ulp", count: 1 },
      })
    : honestSteps(1)(graph, task);

type Swap = (
  step: number,
  state: readonly Tensor[],
  batch: readonly Tensor[],
) => [readonly Tensor[], readonly Tensor[]];

/** Honest steps over other operands than the claim says. */
const over =
  (swapOf: () => Swap): ExecutorParts["openSteps"] =>
  async (graph, task): Promise<Steps> => {
    const honest = await honestSteps(1)(graph, task);
    const swap = swapOf();
    return graph.kind === "evaluate"
      ? { ...honest, values: (step, state, batch, ids) => honest.values(step, ...swap(step, state, batch), ids) }
      : honest;
  };

/** In step 2 the first row of the batch in place of all of them: one that the weights get right. */
const easyRows = over(() => (step, state, batch) => [
  state,
  batch.map(({ dtype, shape, data }) => {
    const row = data.length / shape[0]!;
    const easy = data.slice();
    if (step === 2) for (let i = 0; i < easy.length; i++) easy[i] = data[i % row]!;
    return { dtype, shape, data: easy };
  }),
]);

/** Step 2 counts with other weights; what is delivered comes back behind it, or L1 would refuse the claim at once. */
const otherWeights = over(() => {
  let delivered: Tensor | undefined;
  return (step, [first, ...rest], batch) => {
    delivered ??= first!;
    const data = delivered.data.slice() as Float32Array;
    if (step === 2) data[0]! += 1;
    return [[{ ...first!, data }, ...rest], batch];
  };
});

const claims = () => ({ address: stage.l1.chain.contracts.resultClaims, abi: resultClaimsAbi }) as const;
const deliveries = () => ({ address: stage.l1.chain.contracts.deliveries, abi: deliveriesAbi }) as const;
const deliveryOf = ({ task }: SmallCommission) =>
  stage.l1.client.readContract({ ...deliveries(), functionName: "deliveryOf", args: [task.id] });
const becomesFinal = async (id: Hex): Promise<void> => {
  await stage.l1.warp(61);
  await until(async () => {
    const hash = await stage.l1.client.readContract({ ...claims(), functionName: "liveClaim", args: [id] });
    const { status } = await stage.l1.client.readContract({ ...claims(), functionName: "claimOf", args: [hash] });
    return status === CLAIM_STATUS.final ? true : undefined;
  });
};

/** Weights as a file, by the names of the evaluation graph's state. */
async function weightsFolder({ task, graphs }: SmallCommission, tensors: readonly Tensor[]): Promise<string> {
  const folder = join(stage.folder, `weights-${task.id.slice(2, 10)}`);
  await mkdir(folder, { recursive: true });
  const names = graphs.evaluate.stateInputs.map(({ value }) => valueAt(graphs.evaluate, value).name);
  const file = toSafetensors(new Map(tensors.map((tensor, i) => [names[i]!, tensor])));
  await writeFile(join(folder, `${task.id}.safetensors`), Buffer.concat(file));
  return folder;
}

/** Column i of a layer speaks for group i of the inputs: right everywhere, and trained by nobody. */
function madeWeights(): Tensor[] {
  const first = new Float32Array(12 * 8);
  for (let input = 0; input < 12; input++) first[input * 8 + Math.floor(input / 3)] = 1;
  const second = new Float32Array(8 * 4);
  for (let group = 0; group < 4; group++) second[group * 4 + group] = 1;
  return [
    { dtype: "float32", shape: [12, 8], data: first },
    { dtype: "float32", shape: [8], data: new Float32Array(8) },
    { dtype: "float32", shape: [8, 4], data: second },
    { dtype: "float32", shape: [4], data: new Float32Array(4) },
  ];
}
const zeroWeights = (): Tensor[] =>
  madeWeights().map(({ dtype, shape, data }) => ({ dtype, shape, data: new Float32Array(data.length) }));

describe("an honest executor", () => {
  it("trains as the job says, delivers, counts what is drawn then, and its model answers", async () => {
    const asked = commission();
    const { events } = await stage.execute("executor", asked, honestSteps(1));
    const claimed = await seen(events, "claimed");
    const moves = events.map(({ event }) => event).filter((event) => event !== "segment");
    expect(moves.slice(0, 5)).toEqual(["ready", "delivered", "samples-drawn", "run-started", "claimed"]);
    expect(await checked(stage.watch(), asked)).toMatchObject({ finding: "right", claimHash: claimed.claimHash });
    await stage.stopAll();

    const input: Tensor = { dtype: "uint8", shape: [1, 12], data: new Uint8Array(12).fill(9) };
    await stage.serve([input]);
    const question = { job: asked.job, task: inferTask(asked.job, tensorRoot(bytesOf(input))) };
    const answering = await stage.execute("executor", question, honestSteps(1), undefined, {
      demands: async () => [asked, question],
    });
    await seen(answering.events, "claimed");
    expect(await checked(stage.watch(), question)).toMatchObject({ finding: "right" });
    await becomesFinal(asked.task.id);
    await becomesFinal(question.task.id);
    // What it put up for its delivery is back, too.
    expect((await seen(answering.events, "delivery-released")).bondWei).toBe(defaultPrices.reserveBondWei);
  });

  it("delivers weights that it has in a file, where the job says nothing of training", async () => {
    const asked = commission({ recipe: false });
    const commissions = { weightsFolder: await weightsFolder(asked, madeWeights()) };
    const { events } = await stage.execute("executor", asked, honestSteps(1), undefined, { commissions });
    await seen(events, "claimed");
    expect(await checked(stage.watch(), asked)).toMatchObject({ finding: "right" });
  });

  it("claims what it delivered before it was started again: L1 knows no more of it than a hash", async () => {
    const asked = commission({ recipe: false });
    const commissions = { weightsFolder: await weightsFolder(asked, madeWeights()) };
    const before = await stage.execute("executor", asked, honestSteps(1), undefined, { commissions });
    await seen(before.events, "delivered");
    await stage.stopAll();
    expect((await deliveryOf(asked)).claimed).toBe(false);
    const { events } = await stage.execute("executor", asked, honestSteps(1));
    await seen(events, "claimed");
    expect(await checked(stage.watch(), asked)).toMatchObject({ finding: "right" });
  });

  it("shows to nobody which tensors it delivered while it has not claimed: a copied root is worth nothing", async () => {
    const asked = commission({ recipe: false });
    // Others than were claimed before: those are no secret.
    const weights = madeWeights().map((tensor) => ({
      ...tensor,
      data: (tensor.data as Float32Array).map((x) => 2 * x),
    }));
    const { events } = await stage.execute("executor", asked, honestSteps(1), undefined, {
      commissions: { weightsFolder: await weightsFolder(asked, weights) },
      maxBondWei: 10n ** 17n, // enough for a delivery, and too little for its claim
    });
    await seen(events, "delivered");
    const { dataUrl } = await seen(events, "ready");
    await seen(events, "run-started");
    const counter: Tensor = { dtype: "float32", shape: [1], data: new Float32Array(1) };
    const startRoot = rootOfList([...weights, counter].map((tensor) => tensorRoot(bytesOf(tensor as Tensor))));
    const stranger = openDataClient({ urls: [dataUrl as string], timeoutMs: 5_000 });
    await expect(stranger.roots(startRoot, 5)).rejects.toThrow("nobody serves");
  });

  it("puts nothing at stake for weights that fail a rehearsal, or that it has not", async () => {
    const [poor, none] = [commission(), commission({ recipe: false })];
    const commissions = { weightsFolder: await weightsFolder(poor, zeroWeights()) };
    const { events } = await stage.execute("executor", poor, honestSteps(1), undefined, {
      commissions,
      demands: async () => [poor, none],
    });
    const declined = (id: Hex) => until(() => events.find((event) => event.event === "declined" && event.id === id));
    expect((await declined(poor.task.id)).reason).toMatch(
      /gave \d+ of 40 in a rehearsal: 30 are asked for, 36 are safe/,
    );
    expect((await declined(none.task.id)).reason).toMatch(/there are no weights/);
    expect((await deliveryOf(poor)).count).toBe(0);
    expect((await deliveryOf(none)).count).toBe(0);
  });

  it("leaves to whom it names a commission that names who delivers", async () => {
    const { address } = devAccount("liar");
    const asked = commission({ property: { ...smallCommission(0).job.property, deliverer: address } });
    const { events } = await stage.execute("executor", asked, honestSteps(1));
    expect((await seen(events, "declined")).reason).toBe(`${address} alone may deliver for it`);
    await stage.execute("liar", asked, honestSteps(1));
    await until(async () => ((await deliveryOf(asked)).claimant === address ? true : undefined));
  });

  it("waits for held-out rows that nobody shows, unless it is told to deliver blindly", async () => {
    const hidden = ruledHeldOut();
    const [patient, bold] = [commission({ heldOut: hidden }), commission({ heldOut: hidden })];
    const demands = async () => [patient, bold];
    const waiting = await stage.execute("executor", patient, honestSteps(1), undefined, { demands });
    await until(() => waiting.events.find(({ event }) => event === "not-ready"));
    await stage.stopAll();
    const blind = await stage.execute("executor", bold, honestSteps(1), undefined, { commissions: { blind: true } });
    await seen(blind.events, "samples-drawn");
    expect((await deliveryOf(patient)).count).toBe(0);
    // Only now are they shown; nobody can have trained on them.
    await stage.serve(hidden.tensors);
    await seen(blind.events, "claimed");
    expect(await checked(stage.watch(), bold)).toMatchObject({ finding: "right" });
  });

  it("lets a delivery lapse whose draw is not good enough, and does not try its luck again", async () => {
    const asked = commission({ recipe: false });
    const commissions = { weightsFolder: await weightsFolder(asked, zeroWeights()), blind: true };
    const { events } = await stage.execute("executor", asked, honestSteps(1), undefined, { commissions });
    const { reason } = await until(() => events.find(({ event }) => event === "declined"));
    expect(reason).toMatch(/gave \d+ of the 40 samples drawn, 30 are asked for/);
    await stage.l1.warp(TEST_CLOCKS.reserveSeconds + 1);
    const last = await until(() => events.filter(({ event }) => event === "declined")[1]);
    expect(last.reason).toMatch(/not claimed in time/);
    expect((await deliveryOf(asked)).count).toBe(1);
    expect(events.filter(({ event }) => event === "claimed")).toEqual([]);
  });

  it("serves no job whose validator it was not told to trust, whatever else has its code", async () => {
    const asked = validated();
    const elsewhere = { address: `0x${"ce".repeat(20)}` as const, codeHash: keccak256(validator) };
    const { events } = await stage.execute("executor", asked, honestSteps(1), undefined, {
      commissions: { validators: [elsewhere] },
    });
    expect((await seen(events, "declined")).reason).toMatch(/judged by 0xcdcd/);
    expect((await deliveryOf(asked)).count).toBe(0);
  });
});

const VALIDATOR = `0x${"cd".repeat(20)}` as const;
const validator = compile("test/contracts/results/harness/ToyValidator.sol").deployedBytecode;
const validated = () =>
  commission({
    property: { ...smallCommission(0).job.property, validator: VALIDATOR, validatorCodeHash: keccak256(validator) },
  });

describe("a validator that the job names", () => {
  it("overturns a claim that counted right, where L1 has its very code", async () => {
    const asked = validated();
    const { chain, url, client } = stage.l1;
    await client.request({ method: "anvil_setCode", params: [VALIDATOR, validator] } as never);
    const { events } = await stage.execute("executor", asked, honestSteps(1), undefined, {
      commissions: { validators: [{ address: VALIDATOR, codeHash: keccak256(validator) }] },
    });
    const { dataUrl } = await seen(events, "ready");
    const { claimHash } = (await seen(events, "claimed")) as unknown as { claimHash: Hex };
    const data = openDataClient({ urls: [dataUrl as string], timeoutMs: 10_000 });
    const [segments, hashes] = [await data.segments(claimHash, 3), await data.stepHashes(claimHash, 0, 4)];
    const { segment, stepProof } = evidenceOf(segments, hashes, 0, 0);
    const link = { segment, step: { trace: stepTraceOf(await data.stepRoots(claimHash, 0)), proof: stepProof } };

    const disputes = { address: chain.contracts.disputes, abi: disputesAbi as Abi };
    const sender = openAccountSender(
      openL1({ urls: [url], chain, pollMs: 20 }, () => {}),
      devAccount("challenger").privateKey,
    );
    await sender.sendWithBond({ ...disputes, functionName: "challenge", args: [claimHash, 0, 0] }, 10n ** 18n);
    const [made] = await disputeSource(client, chain).ofClaim(claimHash);
    const [logged] = await client.getContractEvents({
      ...claims(),
      eventName: "ResultClaimed",
      args: { claimHash },
      fromBlock: 0n,
      strict: true,
    });
    const { task } = logged!.args;
    const prove = (isWrong: boolean) => {
      const own = encodeAbiParameters([{ type: "bool" }], [isWrong]);
      const rest = encodeAbiParameters([jobParameter, { type: "bytes" }], [asked.job, own]);
      const witness = encodeAbiParameters([linkParameter, { type: "bytes" }], [link, rest]);
      return sender.send({ ...disputes, functionName: "prove", args: [made!.challengeId, 10, task, witness] });
    };
    // The state of a block that is the newest no more is without what was set on it: whoever names its number would not see it.
    const setCode = async (code: Hex) => {
      await client.request({ method: "anvil_setCode", params: [VALIDATOR, code] } as never);
      await blockAfter(stage.l1, await client.getBlockNumber());
    };
    await setCode("0x00");
    await expect(prove(true)).rejects.toThrow();
    expect(await stage.l1.client.readContract({ ...claims(), functionName: "liveClaim", args: [asked.task.id] })).toBe(
      claimHash,
    );
    await setCode(validator);
    await prove(true);
    const { status } = await client.readContract({ ...claims(), functionName: "claimOf", args: [claimHash] });
    expect(status).toBe(CLAIM_STATUS.overturned);
  });
});

const ruledHeldOut = () => {
  const { heldOut } = smallCommission(0);
  const [x, labels] = heldOut.tensors as [Tensor, Tensor];
  const data = x.data.slice() as Uint8Array;
  data[0]! ^= 1;
  return { ...heldOut, tensors: [{ ...x, data }, labels] };
};

describe("a claim that lies", () => {
  it.each<[string, ExecutorParts["openSteps"], object]>([
    ["in the rows that were drawn", easyRows, { wrong: "feed", step: 2 }],
    ["in the weights that it counts with", otherWeights, { wrong: "link", step: 2 }],
  ])("%s is proved wrong on L1", async (_, openSteps, wrong) => {
    const asked = commission();
    await stage.execute("liar", asked, openSteps);
    expect(await seen(stage.watch(), "proved")).toMatchObject(wrong);
  });

  it("without step roots is opened first; an honest delivery follows at twice the bond", async () => {
    const asked = commission({ flags: [] });
    await stage.execute("liar", asked, miscounting, (overturned) => !overturned);
    const events = stage.watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 2 });
    await stage.l1.warp(6);
    const honest = await stage.execute("executor", asked, honestSteps(1), (overturned) => overturned);
    const { claimHash } = await seen(honest.events, "claimed");
    await until(() => events.find((event) => event.event === "checked" && event.claimHash === claimHash));
    expect((await deliveryOf(asked)).count).toBe(2);
    expect(events.filter(({ event }) => event === "challenged")).toHaveLength(1);
  });

  it.runIf(process.env.ANH_LONG === "1")(
    "by a claimant that serves nothing is proved with what L1 makes it publish",
    async () => {
      const asked = commission();
      await stage.execute("liar", asked, miscounting, (overturned) => !overturned, { dataUrl: "http://127.0.0.1:1" });
      expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 2, op: "Equal" });
    },
  );
});
