// A job created for weights that answer rightly, and what of it lies at the node.
import { join } from "node:path";
import { decodeFunctionData, type Hex, zeroAddress } from "viem";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type CreateJobOptions, createJob } from "../../cli/commands/create-job.ts";
import { addDataset } from "../../cli/commands/dataset.ts";
import { dnnAbi } from "../../common/contracts/dnn.ts";
import { checkJob, type Job, PROFILE, trainId } from "../../common/job.ts";
import { treeRoot } from "../../common/merkle.ts";
import { dataRouter } from "../../verifier/data/server.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../verifier/tensor/tensor.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { type RpcRig, startRpcRig } from "../l2-node/rpc/rig.ts";
import { randomTensor } from "../support/tensors.ts";
import { testUploads } from "../support/uploads.ts";
import { labels, openJobFiles, ROWS, random, x } from "./job-files.ts";

const { at, dataset, options, bought, close } = openJobFiles();
afterAll(close);

describe("a commission", () => {
  const UPLOADS = at("node");
  let rig: RpcRig;
  beforeAll(async () => {
    const upload = testUploads(UPLOADS, 2 ** 20);
    const stored = openBlobStore(join(UPLOADS, "blobs")).open;
    rig = await startRpcRig({ routers: [dataRouter({ stored, upload })] });
  });
  afterAll(() => rig.stop());

  const created = async (changes: Partial<CreateJobOptions>) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await createJob({
        ...options,
        dataset: dataset({ x, labels }),
        nodeUrl: rig.url,
        windowSeconds: "3600",
        ...changes,
      });
      return String(log.mock.calls[0]![0]);
    } finally {
      log.mockRestore();
    }
  };
  const isServed = async (root: Hex) => (await fetch(`${rig.url}/v1/blob/${root}`)).status === 200;
  const rowsOf = (tensors: readonly Tensor[]) => tensors.map((tensor) => tensorRoot(bytesOf(tensor)));
  const heldOut = randomTensor(random, "float32", [ROWS, 1, 4, 3]);

  test("is asked for by a transaction that pays for the weights; all that it names lies at the node", async () => {
    const { modelId, job, transaction } = JSON.parse(await created(bought({ x: heldOut, labels })));
    const { functionName, args } = decodeFunctionData({ abi: dnnAbi, data: transaction.data });
    const asked = args![0] as Job;
    expect([functionName, transaction.value]).toEqual(["commission", String(5n * 10n ** 16n)]);
    expect(trainId(asked)).toBe(modelId);
    expect(() => checkJob(asked)).not.toThrow();
    expect(asked.profile).toBe(PROFILE.property);
    expect(asked.property).toMatchObject({
      samples: 8,
      minCorrect: 7,
      heldOutRows: BigInt(ROWS),
      deliverer: zeroAddress,
    });
    expect(asked.property.heldOutRoot).toBe(treeRoot(rowsOf([heldOut, labels])));
    for (const root of [modelId, job.trainGraph.root, job.inferGraph.root, job.evaluateGraph.root])
      expect(await isServed(root)).toBe(true);
    for (const root of rowsOf([x, labels, heldOut])) expect(await isServed(root)).toBe(true);
    // The lists that the job names: who finds the rows asks for these first.
    for (const root of [treeRoot(rowsOf([x, labels])), asked.property.heldOutRoot])
      expect(await isServed(root)).toBe(true);
  });

  test("stored at a replica is told to be there alone", async () => {
    const stored = openBlobStore(join(UPLOADS, "blobs")).open;
    const replica = await startRpcRig({
      context: { mempool: undefined },
      routers: [dataRouter({ stored, upload: testUploads(UPLOADS, 2 ** 20) })],
    });
    const warned = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const isTold = ({ warnings }: { warnings: string[] }) =>
        warnings.some((text) => text.includes(`${replica.url} is a replica`));
      expect(isTold(JSON.parse(await created({ ...bought(), nodeUrl: replica.url })))).toBe(true);
      expect(isTold(JSON.parse(await created(bought())))).toBe(false);
      const log = vi.spyOn(console, "log").mockReturnValue();
      for (const nodeUrl of [replica.url, rig.url])
        await addDataset(dataset({ x, labels }), { tensors: "x,labels", nodeUrl, json: true });
      expect(log.mock.calls.map(([line]) => isTold(JSON.parse(line)))).toEqual([true, false]);
      expect(warned.mock.calls.filter(([line]) => String(line).includes("is a replica"))).toHaveLength(2);
    } finally {
      vi.restoreAllMocks();
      await replica.stop();
    }
  });

  test("of a named deliverer keeps its rows back, and says how they are shown", async () => {
    const hidden = randomTensor(random, "float32", [ROWS, 1, 4, 3]);
    const commission = bought({ x: hidden, labels });
    const told = await created({ ...commission, deliverer: options.requester, json: false });
    expect(told).toContain(
      "0.05 ETH for weights that answer 7 of 8 held-out rows rightly; suggested: 10 steps of 4 rows",
    );
    expect(told).toContain(`./anh dataset add ${commission.heldOut} --tensors x,labels --node-url ${rig.url}`);
    expect(told).toContain(
      `cast rpc anh_getClaims '{"id": "${/model +(0x\w{64})/.exec(told)![1]}"}' --rpc-url ${rig.url}`,
    );
    for (const root of rowsOf([hidden])) expect(await isServed(root)).toBe(false);
  });
});
