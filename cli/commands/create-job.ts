import { encodeFunctionData, formatEther, type Hex, isAddress, numberToHex } from "viem";
import { dnnAbi } from "../../common/contracts/dnn.ts";
import { AnhError } from "../../common/errors.ts";
import { MAX_WINDOW_SECONDS, type ProfileName } from "../../common/job.ts";
import { trainTask } from "../../common/task.ts";
import { chainAt } from "../../verifier/chain-at.ts";
import { buildCommission } from "../../verifier/model/commission.ts";
import { RowsError, TargetError } from "../../verifier/model/errors.ts";
import type { LossSpec } from "../../verifier/model/heads.ts";
import { type BuiltJob, buildJob, type JobSpec } from "../../verifier/model/job.ts";
import { inputNames, type OnnxTraining, onnxGraphs } from "../../verifier/model/onnx/graphs.ts";
import { tensorUploads } from "../../verifier/model/uploads.ts";
import { toPlain } from "../demo/teller.ts";
import { inFile } from "../in-file.ts";
import { checkValues } from "../job/check-values.ts";
import { type Commissioned, type CommissionOptions, commissionFrom } from "../job/commission-words.ts";
import { type NamedDataset, readDataset } from "../job/dataset-file.ts";
import { firstStep } from "../job/first-step.ts";
import { inOptions } from "../job/job-words.ts";
import { hasCode, isReplica, storedAtReplica, uploadAll } from "../job/node.ts";
import { positive, wholeBigint } from "../job/numbers.ts";
import { type OptimizerOptions, optimizerFrom } from "../job/optimizer-words.ts";
import { lossScaleFrom, precisionFrom } from "../job/precision-words.ts";
import { modelFile } from "../model-file.ts";
import { wholeNumber } from "../whole-number.ts";

export interface CreateJobOptions extends OptimizerOptions, CommissionOptions {
  readonly model: string;
  readonly dataset: string;
  readonly loss: string;
  readonly ignoreLabel?: string;
  readonly output?: string;
  readonly lastPosition: boolean;
  readonly scale?: string;
  readonly steps: string;
  readonly batchRows: string;
  readonly evaluateBatchRows?: string;
  readonly dim: readonly string[];
  readonly requester: string;
  readonly profile: string;
  readonly precision: string;
  readonly freeze: readonly string[];
  readonly lossScale?: string;
  readonly column: string;
  readonly soft: boolean;
  readonly stepRoots: boolean;
  readonly sequentialRows: boolean;
  readonly drawWeights: boolean;
  readonly salt: string;
  readonly priceWeiPerGflop: string;
  readonly deadlineSeconds: string;
  readonly windowSeconds: string;
  readonly nodeUrl: string;
  readonly json: boolean;
}

/**
 * `anh job create`: from a network and a dataset to the transaction that asks for its training, or, with rows held out, for weights that
 * answer so many of them rightly. Everything is checked first (nodes, shapes, values, a step on this machine); then what the job
 * names is uploaded. Nothing is paid or sent here.
 */
export async function createJob(options: CreateJobOptions): Promise<void> {
  const steps = wholeNumber("steps", options.steps);
  const batchRows = wholeNumber("batch-rows", options.batchRows);
  const [profile, loss, requester] = [profileFrom(options.profile), lossFrom(options), requesterFrom(options)];
  const precision = precisionFrom(options.precision);
  const lossScale = lossScaleFrom(options.lossScale, precision);
  const { bytes: file, dimensions, external } = modelFile(options.model, options.dim);
  const inputs = inFile(options.model, "ONNX", () => inputNames({ file, dimensions, external }));
  const named = readDataset(options.dataset, inputs);
  const commissioned = commissionFrom(options, named);
  if (commissioned !== undefined && profile !== "strict")
    throw new AnhError("usage", `--profile is "${profile}" with --held-out`, {
      expected: "strict: how weights are trained is nobody's concern, and right answers are counted bit for bit",
      actual: profile,
    });
  const training: OnnxTraining = {
    file,
    dimensions,
    external,
    loss,
    optimizer: { ...optimizerFrom(options, steps), lossScale },
    precision,
    frozen: options.freeze,
    batchRows,
    evaluateBatchRows:
      options.evaluateBatchRows === undefined
        ? batchRows
        : wholeNumber("evaluate-batch-rows", options.evaluateBatchRows),
    profile,
    drawn: options.drawWeights,
    lastPosition: options.lastPosition,
    ...(options.output === undefined ? {} : { output: options.output }),
    ...(options.scale === undefined ? {} : { scale: positive("scale", options.scale) }),
  };
  const graphs = graphsFrom(training, named, options);
  checkRows(options, named, steps, batchRows);
  inFile(options.dataset, "safetensors", () => checkValues(named, loss, graphs.infer));
  if (commissioned !== undefined)
    inFile(options.heldOut!, "safetensors", () => checkValues(commissioned.heldOut, loss, graphs.infer));
  const terms = {
    requester,
    salt: numberToHex(wholeBigint("salt", options.salt), { size: 32 }),
    graphs,
    dataset: named.dataset,
    steps,
    profile,
    flags: flagsFrom(options, profile),
    priceWeiPerGflop: wholeBigint("price-wei-per-gflop", options.priceWeiPerGflop),
    windowSeconds: wholeNumber("window-seconds", options.windowSeconds, MAX_WINDOW_SECONDS),
  };
  const deadlineSeconds = BigInt(wholeNumber("deadline-seconds", options.deadlineSeconds));
  // Before anything is looked for elsewhere: what the chain would refuse.
  build({ ...terms, l2ChainId: 0n, deadline: deadlineSeconds }, commissioned);
  const first = await firstStep(graphs.train, named.dataset);
  const { chainId, now, clocks } = await chainAt(options.nodeUrl);
  const onChain = {
    l2ChainId: chainId,
    deadline: now + deadlineSeconds,
    minWindowSeconds: clocks.minWindowSeconds,
    answerSeconds: clocks.answerSeconds,
  };
  const { job, modelId, uploads } = build({ ...terms, ...onChain }, commissioned);
  const isShown = commissioned !== undefined && !commissioned.isHidden;
  const heldOut = isShown ? tensorUploads(commissioned.heldOut.dataset.tensors) : [];
  const rows = [...tensorUploads(named.dataset.tensors), ...heldOut];
  const uploaded = await uploadAll(options.nodeUrl, [...uploads, ...rows]);
  const value = commissioned === undefined ? trainTask(job).priceWei : job.property.priceWei;
  const functionName = commissioned === undefined ? "train" : "commission";
  const data = encodeFunctionData({ abi: dnnAbi, functionName, args: [job] });
  const warnings = [
    ...((await hasCode(options.nodeUrl, requester)) ? [] : [noCode(requester)]),
    ...((await isReplica(options.nodeUrl)) ? [storedAtReplica(options.nodeUrl)] : []),
  ];
  for (const warning of warnings) process.stderr.write(`anh: warning: ${warning}\n`);
  const created = { modelId, firstStep: first, uploaded, job, transaction: { to: requester, value, data }, warnings };
  console.log(options.json ? JSON.stringify(toPlain(created)) : text(options, created, commissioned));
}

/** What a job refuses in the words of its fields (`checkJob`), in those of the options. */
function checkRows(
  { dataset: file, sequentialRows }: CreateJobOptions,
  { dataset: { rows } }: NamedDataset,
  steps: number,
  batchRows: number,
): void {
  const refuse = (what: string, most: number) =>
    new AnhError("usage", `${what}, and ${file} holds ${rows} rows`, { hint: `give --batch-rows from 1 to ${most}` });
  if (batchRows > rows) throw refuse(`--batch-rows is ${batchRows}`, rows);
  if (sequentialRows && steps * batchRows > rows)
    throw steps > rows
      ? new AnhError("usage", `--sequential-rows reads a row once, and ${file} holds ${rows} rows`, {
          hint: `give --steps from 1 to ${rows}`,
        })
      : refuse(
          `--sequential-rows reads --steps × --batch-rows = ${steps * batchRows} rows, each once`,
          Math.floor(rows / steps),
        );
}

/** The training, or the commission that suggests it. */
function build(spec: JobSpec, commissioned: Commissioned | undefined): BuiltJob {
  if (commissioned === undefined) return inOptions(() => buildJob(spec));
  const { graphs, dataset, steps, profile, ...rest } = spec;
  const { train, infer, evaluate } = graphs;
  if (evaluate === null)
    throw new AnhError("usage", "--held-out with a network of which no right answers can be counted", {
      expected: "one that is scored by --loss ce",
      actual: "another loss",
    });
  const { property, heldOut } = commissioned;
  const recipe = { train, dataset, steps };
  return inOptions(() => buildCommission({ ...rest, infer, evaluate, recipe, heldOut: heldOut.dataset, property }));
}

/** Rows that do not fit are the dataset's fault, a target that does not the loss's as well; whatever else is the model's. */
function graphsFrom(training: OnnxTraining, { columns }: NamedDataset, { model, dataset, loss }: CreateJobOptions) {
  try {
    return inFile(model, "ONNX", () => onnxGraphs(training, columns));
  } catch (error) {
    const target = error instanceof AnhError ? error.cause : undefined;
    if (target instanceof RowsError)
      throw new AnhError(target.code, `${dataset}: ${target.message}`, {
        expected: target.expected,
        actual: target.actual,
        hint: `the model, ${model}, takes such rows: change the dataset's, or name another file`,
        cause: target,
      });
    if (!(target instanceof TargetError)) throw error;
    const { code, message, expected, actual } = target;
    throw new AnhError(code, `${dataset}: ${columns.at(-1)?.name}, the target of --loss ${loss}: ${message}`, {
      expected,
      actual,
      hint: "ce takes labels, whole numbers from 0; mse and bce take a number for each that the model gives. Another loss, or another target?",
      cause: target,
    });
  }
}

const noCode = (requester: Hex): string =>
  `there is no contract at ${requester}. The job is for whoever calls Dnn.train from that very address: ` +
  "as it is now, the transaction below would send ether there and ask for nothing. Deploy the contract first, or name its address";

interface Created {
  readonly modelId: Hex;
  readonly firstStep: { readonly loss: number; readonly milliseconds: number };
  readonly uploaded: { readonly files: number; readonly bytes: number };
  readonly transaction: { readonly to: Hex; readonly value: bigint; readonly data: Hex };
}

function text(
  options: CreateJobOptions,
  { modelId, firstStep: first, uploaded, transaction }: Created,
  commissioned: Commissioned | undefined,
): string {
  const { to, value, data } = transaction;
  const trained = `${options.steps} steps of ${options.batchRows} rows, ${options.profile}, ${options.precision}`;
  const { samples, minCorrect } = commissioned?.property ?? {};
  const bought =
    commissioned === undefined
      ? trained
      : `weights that answer ${minCorrect} of ${samples} held-out rows rightly; suggested: ${trained}`;
  return [
    [
      `model       ${modelId}`,
      `first step  loss ${first.loss.toPrecision(6)}, ${first.milliseconds.toFixed(1)} ms on this machine`,
      `price       ${formatEther(value)} ETH for ${bought}`,
      `uploaded    ${uploaded.files} files, ${uploaded.bytes.toLocaleString("en")} bytes, to ${options.nodeUrl}`,
    ].join("\n"),
    commissioned === undefined ? HOW_TO_TRAIN : HOW_TO_COMMISSION,
    ...(commissioned?.isHidden === true ? [showLater(options, commissioned)] : []),
    // cast counts from `latest`, where nothing of an account that waits is counted.
    `cast send ${to} ${data} --value ${value} --rpc-url ${options.nodeUrl} --private-key <key> --nonce $(cast nonce --block pending <from> --rpc-url ${options.nodeUrl})`,
    `The claim, once there is one:\ncast rpc anh_getClaims '{"id": "${modelId}"}' --rpc-url ${options.nodeUrl}`,
  ].join("\n\n");
}

const HOW_TO_TRAIN =
  "Ask for the training by this transaction. Its data calls train(Job) of the requester, which calls Dnn.train; a contract\nwith a function of its own takes the job out of --json. Nobody trains before a transaction needs the result: send one that asks the model then.";

const HOW_TO_COMMISSION =
  "Ask for the weights by this transaction. Its data calls commission(Job) of the requester, which calls Dnn.commission; a contract\nwith a function of its own takes the job out of --json. Nobody delivers before a transaction needs the result: send one that asks the model then.";

/** Rows that were public could be learnt by heart. */
const showLater = ({ heldOut, nodeUrl }: CreateJobOptions, { heldOut: { columns } }: Commissioned): string =>
  `The held-out rows are not uploaded. Once L1 shows that --deliverer has delivered (Delivered of Deliveries), show them, or nobody can claim:\n` +
  `./anh dataset add ${heldOut} --tensors ${columns.map(({ name }) => name).join(",")} --node-url ${nodeUrl}`;

function lossFrom({ loss, ignoreLabel }: CreateJobOptions): LossSpec {
  if (loss !== "ce" && loss !== "mse" && loss !== "bce")
    throw new AnhError("usage", `--loss is "${loss}"`, { expected: "ce, mse or bce", actual: loss });
  if (ignoreLabel === undefined) return { kind: loss };
  if (loss !== "ce" || !/^-?\d{1,9}$/.test(ignoreLabel))
    throw new AnhError("usage", `--ignore-label is "${ignoreLabel}"`, {
      expected: "a whole number, with --loss ce",
      actual: ignoreLabel,
    });
  return { kind: loss, ignored: Number(ignoreLabel) };
}

function profileFrom(words: string): ProfileName {
  if (words !== "strict" && words !== "tolerant")
    throw new AnhError("usage", `--profile is "${words}"`, { expected: "strict or tolerant", actual: words });
  return words;
}

/** A column of `tolerant`: `strict` has none. */
function columnFrom(words: string, profile: ProfileName): "cpu" | "gpu" {
  const columns = profile === "tolerant" ? (["cpu", "gpu"] as const) : (["cpu"] as const);
  const column = columns.find((name) => name === words);
  if (column === undefined)
    throw new AnhError("usage", `--column is "${words}" with --profile ${profile}`, {
      expected: "cpu, or gpu with --profile tolerant",
      actual: words,
    });
  return column;
}

function requesterFrom({ requester }: CreateJobOptions): Hex {
  if (!isAddress(requester, { strict: false }))
    throw new AnhError("usage", `--requester is "${requester}"`, {
      expected: "the address of the contract that will call Dnn.train",
      actual: requester,
    });
  return requester;
}

/** A tolerant job must commit to its steps (P4.2). */
const flagsFrom = ({ soft, stepRoots, sequentialRows, column }: CreateJobOptions, profile: ProfileName) => [
  ...(stepRoots || profile === "tolerant" ? (["stepRoots"] as const) : []),
  ...(columnFrom(column, profile) === "gpu" ? (["gpu"] as const) : []),
  ...(soft ? (["soft"] as const) : []),
  ...(sequentialRows ? (["sequentialRows"] as const) : []),
];
