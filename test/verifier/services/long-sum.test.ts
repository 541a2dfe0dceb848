// Claims with products of more terms than one proof adds up (P7.10), as real services on a real L1.

import { type Abi, type Hex, parseAbi } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { openAccountSender, openL1 } from "../../../verifier/clients.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { isInParts, PART_TERMS } from "../../../verifier/model/parts.ts";
import type { LieAmount } from "../../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { headerProof, nodeProof } from "../../../verifier/witness/proofs.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { checked, openServiceStage, type ServiceStage, type Serving, seen } from "../../support/service-stage.ts";
import type { SmallSpec } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

/** One product over all of the inputs, in two parts of which the last is short. */
const LONG = {
  ...{ sizes: [PART_TERMS + 900, 3], rows: 16, batchRows: 4, steps: 2, segmentSteps: 1 },
  // Faster, its second step would be sure of some rows already, and a lie about their products without effect.
  optimizer: { kind: "momentum", learningRate: 1e-4, momentum: 0.9 },
} as const;

const OPENING_ERRORS = parseAbi(["error NotInParts(uint8 op, uint256 terms)"]);

let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(async () => {
  await stage.stopAll();
  await stage.l1.warp(61);
});
afterAll(() => stage?.close());

const DARK: [string, SmallSpec, LieAmount, Serving] = [
  "strict, where nothing is served off chain",
  { stepRoots: true },
  { unit: "ulp", count: 1 },
  { dataUrl: "http://127.0.0.1:1" },
];

/** Falsifies one element of the long product in the last step. */
const liar =
  (amount: LieAmount): ExecutorParts["openSteps"] =>
  (graph) => {
    const node = graph.nodes.findIndex((candidate) => isInParts(graph, candidate));
    return lyingSteps(graph, onnxRuntime({ threads: 1 }), { step: 1, node, element: 3, amount });
  };

describe("a lie in a product that no proof adds up", () => {
  it.each<[string, SmallSpec, LieAmount, Serving?]>([
    ["strict, with step roots", { stepRoots: true }, { unit: "ulp", count: 1 }],
    ["strict, where the segment is opened first", {}, { unit: "ulp", count: 2 ** 12 }],
    ["tolerant", { tolerant: true }, { unit: "tol", factor: 2 }],
    ...(process.env.ANH_LONG === "1" ? [DARK] : []),
  ])("%s: its parts are asked for, and one of them is proved", async (_, spec, amount, serving = {}) => {
    const task = stage.job({ ...LONG, ...spec });
    await stage.upload(task);
    const { events: told } = await stage.execute("liar", task, liar(amount), (overturned) => !overturned, serving);
    const events = stage.watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "part", step: 1, op: "Gemm", element: 3 });
    expect(events.filter(({ event, path }) => event === "demanded" && path === "sum")).toHaveLength(1);
    await until(() => told.find(({ event, functionName }) => event === "answered" && functionName === "answerSum"));
  });
});

it("the parts of an element are asked for once, where it is judged in parts", async () => {
  const task = stage.job({ ...LONG, stepRoots: true });
  await stage.upload(task);
  const { events, stop } = await stage.execute("executor", task, honestSteps(1));
  const { claimHash } = (await seen(events, "claimed")) as unknown as { claimHash: Hex };
  const { chain, url } = stage.l1;
  const stranger = openAccountSender(
    openL1({ urls: [url], chain, pollMs: 20 }, () => {}),
    devAccount("challenger").privateKey,
  );
  const abi = [...(demandsAbi as Abi), ...OPENING_ERRORS] as Abi;
  const refused = (error: string) => expect.objectContaining({ errorName: error });
  const encoded = encodeGraph(task.graph);
  const ask = (node: number, element: bigint, step = 0) =>
    stranger.sendWithBond(
      {
        address: chain.contracts.demands,
        abi,
        functionName: "demandSum",
        args: [claimHash, task.task, 1, step, headerProof(encoded), nodeProof(encoded, node), element],
      },
      10n ** 18n,
    );
  const long = task.graph.nodes.findIndex((node) => isInParts(task.graph, node));
  const short = task.graph.nodes.findIndex((node) => node.op === "Gemm" && !isInParts(task.graph, node));
  await stop(); // so that it does not answer yet
  await expect(ask(short, 0n)).rejects.toEqual(refused("NotInParts"));
  await expect(ask(long, 12n)).rejects.toEqual(refused("OutOfRange"));
  await expect(ask(long, 11n, 1)).rejects.toEqual(refused("OutOfRange"));
  await ask(long, 11n);
  await expect(ask(long, 11n)).rejects.toEqual(refused("AskedAlready"));
});

it("an honest claim with such a product stands", async () => {
  const task = stage.job({ ...LONG, stepRoots: true });
  await stage.upload(task);
  await stage.execute("executor", task, honestSteps(1));
  expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
});
