// The networks of examples/ on a whole chain of real processes: a lie of an eighth of one number in a forward, a backward and an
// optimizer node is found, proven on L1 and paid for, and the honest executor's claim of the same training becomes final.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesToHex, createTestClient, encodeFunctionData, type Hex, http, numberToHex, parseAbiItem } from "viem";
import { describe, expect, test } from "vitest";
import { openCast } from "../../cli/demo/cast.ts";
import { deployClassifier, uploadAll } from "../../cli/demo/chapters/dapp.ts";
import { fundUser } from "../../cli/demo/chapters/money.ts";
import { sendPatiently, succeeded } from "../../cli/demo/send.ts";
import { openServiceLog, type ServiceEvent } from "../../cli/demo/service-log.ts";
import { jsonTeller } from "../../cli/demo/teller.ts";
import { devAccount, type Role } from "../../cli/stack/accounts.ts";
import { freePorts } from "../../cli/stack/ports.ts";
import { type Stack, startStack } from "../../cli/stack/stack.ts";
import { digitClassifierAbi } from "../../common/contracts/digit-classifier.ts";
import { trainTask } from "../../common/task.ts";
import { devnetClocks } from "../../deploy/clocks.ts";
import { digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { nodeProse } from "../../examples/data/prose.ts";
import { characterGpt, digitsCnn, digitsMlp } from "../../examples/networks.ts";
import type { Graph } from "../../verifier/graph/graph.ts";
import { gptGraphs } from "../../verifier/model/gpt.ts";
import { buildJob } from "../../verifier/model/job.ts";
import type { ModelGraphs } from "../../verifier/model/mlp.ts";
import { textRows, vocabularyOf } from "../../verifier/model/text.ts";
import { tensorUploads } from "../../verifier/model/uploads.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";
import { nodeNamed } from "../support/each-pass.ts";
import type { Lie } from "../support/lying-steps.ts";
import { until } from "../support/until.ts";

/** What other work on a machine may cost a claimant or challenger; the devnet's 30 s are for a quiet one. */
const clocks = { ...devnetClocks, answerSeconds: 300, challengerSeconds: 300 };
const WINDOW_SECONDS = 550;

interface Network {
  readonly graphs: ModelGraphs;
  readonly dataset: Dataset;
  readonly steps: number;
  /** Names of a forward, a backward and an optimizer node. What is masked or rounded away would not be missed:
   * without step roots a claim is about what its segments end in. */
  readonly nodes: readonly string[];
}

const digits = async () => digitsDataset((await loadMnist()).train);
const named = (graph: Graph, ...nodes: readonly (readonly [op: string, index: number])[]): string[] =>
  nodes.map(([op, index]) => nodeNamed(graph, op, index));

const networks: Readonly<Record<string, () => Promise<Network>>> = {
  "the perceptron": async () => {
    const graphs = digitsMlp({ seed: 1, batchRows: 128 });
    const nodes = [...named(graphs.train.graph, ["Gemm", 1], ["Gemm", -1]), "next_weight0"];
    return { graphs, dataset: await digits(), steps: 2816, nodes };
  },
  "the convolutional network": async () => {
    const graphs = digitsCnn(3000);
    const nodes = [...named(graphs.train.graph, ["Gemm", 0], ["MatMul", -1]), "next_velocity_block1_weight"];
    return { graphs, dataset: await digits(), steps: 1024, nodes };
  },
  "the character GPT": async () => {
    const text = nodeProse();
    const vocabulary = vocabularyOf(text, 96);
    const spec = characterGpt(vocabulary.size, 800);
    const graphs = gptGraphs(spec);
    const dataset = datasetOf(textRows(text, vocabulary, { positions: spec.positions, stride: 16 }));
    const nodes = named(graphs.train.graph, ["Tanh", 0], ["ScatterElements", 0], ["Sqrt", -1]);
    return { graphs, dataset, steps: 64, nodes };
  },
};

describe.runIf(process.env.ANH_LONG === "1")("a lie in each pass is caught, and the honest claim stands", () => {
  test.each(Object.keys(networks))("%s", { timeout: 7_200_000 }, async (name) => {
    const network = await networks[name]!();
    const dataDir = mkdtempSync(join(tmpdir(), "anh-lies-"));
    const teller = jsonTeller(() => {});
    const log = openServiceLog(teller, () => undefined);
    const [l1Port, l2Port] = (await freePorts(2)) as [number, number];
    const stack = await startStack({ dataDir, l1Port, l2Port, clocks }, { events: log.supervisorEvents });
    try {
      const cast = openCast(stack, teller, log);
      await fundUser(cast);
      const dapp = await deployClassifier(cast);
      const { timestamp } = await cast.l2.client.getBlock();
      const trainings = network.nodes.map((node, i) => ({
        node,
        ...buildJob({
          l2ChainId: stack.chain.l2ChainId,
          requester: dapp,
          salt: numberToHex(i + 1, { size: 32 }),
          graphs: network.graphs,
          dataset: network.dataset,
          steps: network.steps,
          profile: "strict",
          flags: [],
          priceWeiPerGflop: 10n ** 12n,
          deadline: timestamp + 7_200n,
          windowSeconds: WINDOW_SECONDS,
        }),
      }));
      await uploadAll(cast, [
        ...trainings.flatMap(({ uploads }) => uploads),
        ...tensorUploads(network.dataset.tensors),
      ]);
      const row = bytesToHex(firstRow(network.dataset));
      for (const { job, modelId } of trainings) {
        const train = encodeFunctionData({ abi: digitClassifierAbi, functionName: "train", args: [job] });
        const value = trainTask(job).priceWei;
        const hash = await sendPatiently(cast.user, cast.l2, { to: dapp, data: train, value } as never);
        await succeeded(cast.l2, hash, "asking for a training");
        // Nobody trains what nobody uses.
        const use = encodeFunctionData({ abi: digitClassifierAbi, functionName: "classify", args: [modelId, row] });
        await sendPatiently(cast.user, cast.l2, { to: dapp, data: use } as never);
      }
      const salts = trainings.map(({ job }) => job.salt);
      startServices(
        stack,
        dataDir,
        salts,
        Object.fromEntries(trainings.map(({ modelId, node }) => [modelId, lieAt(network, node)])),
      );

      const eventOf = (event: string, id: Hex, service?: string) =>
        until(() => log.find((each) => each.event === event && each.id === id && service !== each.service));
      for (const { modelId, node } of trainings) {
        const proved = await eventOf("proved", modelId);
        expect(proved).toMatchObject({ wrong: "element", step: LIE_STEP, node });
        console.log(`${name}: ${await figures(stack, proved)}`);
        await eventOf("collected", modelId);
      }
      for (const { modelId } of trainings) {
        const { claimHash } = await eventOf("claimed", modelId, "liar");
        const isRight = (each: ServiceEvent) => each.claimHash === claimHash && each.finding === "right";
        await until(() => log.find((each) => each.event === "checked" && isRight(each)));
      }
      await createTestClient({ mode: "anvil", transport: http(stack.l1Url) }).increaseTime({
        seconds: WINDOW_SECONDS + 1,
      });
      for (const { modelId } of trainings) {
        const final = await until(async () => {
          const job = await cast.l2.job(modelId);
          return job?.status === "final" ? job : undefined;
        });
        expect(final).toMatchObject({ overturned: true, claimant: devAccount("executor").address.toLowerCase() });
      }
      const honest = log.filter(({ event, service }) => event === "claimed" && service === "executor");
      const challenged = new Set(log.filter(({ event }) => event === "challenged").map(({ claimHash }) => claimHash));
      expect(honest.filter(({ claimHash }) => challenged.has(claimHash))).toEqual([]);
    } finally {
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

function firstRow({ tensors: [x], rows }: Dataset): Uint8Array {
  return (x!.data as Uint8Array).slice(0, x!.data.length / rows);
}

/** Neither a training's nor a segment's first or last. */
const LIE_STEP = 41;

function lieAt({ graphs }: Network, name: string): Lie {
  const { graph } = graphs.train;
  const node = graph.nodes.findIndex(({ output }) => graph.values[output]!.name === name);
  return { step: LIE_STEP, node, element: 391, amount: { unit: "ulp", count: 2 ** 20 } };
}

function startServices(stack: Stack, dataDir: string, salts: readonly Hex[], lies: Readonly<Record<Hex, Lie>>): void {
  const liesFile = join(dataDir, "lies.json");
  writeFileSync(liesFile, JSON.stringify(lies));
  const start = (name: Role, script: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
    stack.supervisor.start({
      name,
      script,
      args: [...stack.serviceArgs(name), ...args],
      env: { ANH_KEY: devAccount(name).privateKey, ...env },
    });
  start("liar", "cli/demo/liar-main.ts", ["--kind", "train"], { ANH_LIES: liesFile });
  start(
    "executor",
    "verifier/executor-main.ts",
    salts.flatMap((salt) => ["--after-overturn", salt]),
  );
  start("challenger", "verifier/challenger-main.ts");
}

const judged = parseAbiItem(
  "event Judged(bytes32 indexed claimHash, bytes32 indexed challengeId, uint8 kind, bool wrong)",
);

/** What the proof cost, from L1 itself, and how long a claim stood that was wrong. */
async function figures({ l1, chain }: Stack, proved: ServiceEvent): Promise<string> {
  const [log] = await l1.getLogs({
    address: chain.contracts.disputes,
    event: judged,
    args: { claimHash: proved.claimHash as Hex },
    fromBlock: chain.deployedAtL1Block,
  });
  const { input } = await l1.getTransaction({ hash: log!.transactionHash });
  const { gasUsed } = await l1.getTransactionReceipt({ hash: log!.transactionHash });
  return `${proved.op} ${proved.node}: proven in ${(input.length - 2) / 2} bytes and ${gasUsed} gas`;
}
