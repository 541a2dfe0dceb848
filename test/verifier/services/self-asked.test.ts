// A liar that serves nothing asks its own claim a question, whose answer may take longer than the window: everybody else's
// questions, and challenges after the answers, must not wait for it.
import { type Abi, createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { defaultPrices } from "../../../deploy/prices.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ExecutorParts } from "../../../verifier/executor-wiring.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { startL1, TEST_CLOCKS } from "../../support/l1.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { openStageOn, type ServiceStage, seen } from "../../support/service-stage.ts";
import { smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

const FLAT = { sizes: [12, 4] };
let stage: ServiceStage;
beforeAll(async () => {
  // As on mainnet an answer has as much time as the usual window, and more: that is 60 s here.
  stage = await openStageOn(() => startL1({ ...TEST_CLOCKS, answerSeconds: 90 }));
  await stage.upload(smallTask(FLAT));
});
afterAll(async () => {
  await stage?.stopAll();
  await stage?.close();
});

test("does not keep its lie", async () => {
  const task = stage.job({ ...FLAT, tolerant: true, steps: 2 });
  const { graph } = task.graphs.train;
  const node = graph.nodes.findIndex(({ op }) => op === "Gemm");
  const lie: ExecutorParts["openSteps"] = () =>
    lyingSteps(graph, onnxRuntime({ threads: 1 }), { step: 1, node, element: 3, amount: { unit: "tol", factor: 2 } });
  const dark = () => stage.execute("liar", task, lie, (overturned) => !overturned, { dataUrl: "http://127.0.0.1:1" });
  await seen((await dark()).events, "claimed");
  await stage.stopLast();

  const { client, chain, url, warp } = stage.l1;
  const claims = { address: chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  const claimHash = await client.readContract({ ...claims, functionName: "liveClaim", args: [task.task.id] });
  const liar = createWalletClient({
    account: privateKeyToAccount(devAccount("liar").privateKey),
    transport: http(url),
  });
  // The very question with which everybody has to begin: nobody else can ask it then.
  const hash = await liar.writeContract({
    address: chain.contracts.demands,
    abi: demandsAbi as Abi,
    functionName: "demandSegment",
    args: [claimHash, 0],
    value: defaultPrices.openFeeWei,
    chain: null,
  });
  expect((await client.waitForTransactionReceipt({ hash })).status).toBe("success");

  const events = stage.watch();
  await seen(events, "refused"); // asked already, it hears
  await warp(70); // the window is over, the answer not due
  const answering = await dark();
  await seen(answering.events, "answered");
  await until(async () => {
    const { status } = await client.readContract({ ...claims, functionName: "claimOf", args: [claimHash] });
    return status === CLAIM_STATUS.overturned ? true : undefined;
  });
  expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 1 });
});
