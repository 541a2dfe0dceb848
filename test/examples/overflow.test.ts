// A training whose learning rate is absurd, on a whole chain of real processes: its executor says that it fails, the contract that
// waits for its model is told so, and every wei of its price goes where P15.4 says.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesToHex, createTestClient, encodeFunctionData, type Hex, http, numberToHex } from "viem";
import { describe, expect, test } from "vitest";
import { openCast } from "../../cli/demo/cast.ts";
import { deployClassifier, uploadAll } from "../../cli/demo/chapters/dapp.ts";
import { fundUser } from "../../cli/demo/chapters/money.ts";
import { sendPatiently, succeeded } from "../../cli/demo/send.ts";
import { openServiceLog } from "../../cli/demo/service-log.ts";
import { jsonTeller } from "../../cli/demo/teller.ts";
import { devAccount } from "../../cli/stack/accounts.ts";
import { freePorts } from "../../cli/stack/ports.ts";
import { startStack } from "../../cli/stack/stack.ts";
import { digitClassifierAbi } from "../../common/contracts/digit-classifier.ts";
import { dnnAbi } from "../../common/contracts/dnn.ts";
import { trainTask } from "../../common/task.ts";
import { buildJob } from "../../verifier/model/job.ts";
import { tensorUploads } from "../../verifier/model/uploads.ts";
import { overflowing } from "../support/overflow.ts";
import { until } from "../support/until.ts";

const STEPS = 23;
const WINDOW_SECONDS = 60;

describe.runIf(process.env.ANH_LONG === "1")("a training that overflows", () => {
  test("ends in JobFailed, is paid for the steps before, and returns the rest to the wei", {
    timeout: 600_000,
  }, async () => {
    // Whatever rows L1 draws: with less, units may die first, and nothing overflows.
    const { graphs, dataset } = overflowing({}, 3e38);
    const dataDir = mkdtempSync(join(tmpdir(), "anh-overflow-"));
    const teller = jsonTeller(() => {});
    const log = openServiceLog(teller, () => undefined);
    const [l1Port, l2Port] = (await freePorts(2)) as [number, number];
    const stack = await startStack({ dataDir, l1Port, l2Port }, { events: log.supervisorEvents });
    try {
      const cast = openCast(stack, teller, log);
      await fundUser(cast);
      const dapp = await deployClassifier(cast);
      const { timestamp } = await cast.l2.client.getBlock();
      const { job, modelId, uploads } = buildJob({
        l2ChainId: stack.chain.l2ChainId,
        requester: dapp,
        salt: numberToHex(1, { size: 32 }),
        graphs,
        dataset,
        steps: STEPS,
        profile: "strict",
        flags: [],
        priceWeiPerGflop: 10n ** 12n + 7n,
        deadline: timestamp + 7_200n,
        windowSeconds: WINDOW_SECONDS,
      });
      await uploadAll(cast, [...uploads, ...tensorUploads(dataset.tensors)]);
      const { priceWei } = trainTask(job);
      const send = (data: Hex, value = 0n) => sendPatiently(cast.user, cast.l2, { to: dapp, data, value } as never);
      const train = encodeFunctionData({ abi: digitClassifierAbi, functionName: "train", args: [job] });
      await succeeded(cast.l2, await send(train, priceWei), "asking for a training");
      const image = bytesToHex((dataset.tensors[0]!.data as Uint8Array).slice(0, 12));
      const classify = { abi: digitClassifierAbi, functionName: "classify", args: [modelId, image] } as const;
      const asked = await send(encodeFunctionData(classify));
      for (const name of ["executor", "challenger"] as const)
        stack.supervisor.start({
          name,
          script: `verifier/${name}-main.ts`,
          args: stack.serviceArgs(name),
          env: { ANH_KEY: devAccount(name).privateKey },
        });

      const claimed = await until(() => log.find(({ event, id }) => event === "claimed" && id === modelId));
      const { step } = claimed.failed as { step: number };
      await until(() => log.find(({ event, claimHash }) => event === "checked" && claimHash === claimed.claimHash));
      await createTestClient({ mode: "anvil", transport: http(stack.l1Url) }).increaseTime({
        seconds: WINDOW_SECONDS + 1,
      });
      const ended = await until(async () => {
        const record = await cast.l2.job(modelId);
        return record?.status === "failed" ? record : undefined;
      });
      expect(ended).toMatchObject({ claimHash: claimed.claimHash, overturned: false });
      const receipt = await cast.l2.client.waitForTransactionReceipt({ hash: asked });
      expect(receipt.status).toBe("reverted");
      const refusal = await cast.l2.client
        .simulateContract({ ...classify, abi: [...digitClassifierAbi, ...dnnAbi], address: dapp })
        .catch((error) => error);
      expect(String(refusal)).toMatch(new RegExp(`JobFailed[^]*${modelId}, ${step}\\b`));

      const earnedWei = (priceWei * BigInt(step)) / BigInt(STEPS);
      expect(step).toBeGreaterThan(0);
      expect(await cast.l2.client.getBalance({ address: devAccount("executor").address })).toBe(earnedWei);
      const back = await cast.l2.client.simulateContract({
        address: dapp,
        abi: digitClassifierAbi,
        functionName: "collect",
        account: cast.user.account,
      } as never);
      expect(back.result).toBe(priceWei - earnedWei);
    } finally {
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
