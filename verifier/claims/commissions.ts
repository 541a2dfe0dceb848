import { join } from "node:path";
import {
  type Address,
  bytesToHex,
  concatHex,
  type Hex,
  hexToBytes,
  isAddressEqual,
  keccak256,
  sliceHex,
  stringToHex,
  zeroAddress,
} from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { type Job, PROFILE } from "../../common/job.ts";
import { packHashes } from "../../common/merkle.ts";
import { deliveryCommitment, NO_PROPERTY } from "../../common/property.ts";
import { commissionTask, type Task, trainTask } from "../../common/task.ts";
import type { Library } from "../data/library.ts";
import { type Graph, valueAt, ZERO_SOURCE } from "../graph/graph.ts";
import { tensorRoot } from "../tensor/root.ts";
import { fromSafetensors } from "../tensor/safetensors.ts";
import { byteSizeOf, bytesOf, sameType, type Tensor, zeros } from "../tensor/tensor.ts";
import { DeclinedError, requireCanonical } from "../trace/canonical.ts";
import { datasetTypes, stateFromModel, stateTypes } from "../trace/inputs.ts";
import { rootOfList } from "../trace/step.ts";
import { type BlobStore, readIfThere } from "../trace/store.ts";
import { requireFit } from "./fit.ts";
import type { Runs } from "./runs.ts";
import { correctOf } from "./tally.ts";

/** Weights for commissions (P13): from wherever they are, stored, and tried before a bond is put at stake for them. */
export type Commissions = {
  /** Throws `DeclinedError` where nothing would be delivered. */
  readonly prepare: (task: Task, job: Job) => Promise<void>;
  /** What was prepared is delivered by. */
  readonly commitmentOf: (id: Hex) => Hex | undefined;
  /** What an own commitment stands for, also after a restart; undefined where the folder does not hold it any more. */
  readonly openingOf: (commitment: Hex) => Promise<DeliveryOpening | undefined>;
};

/** `startRoot`: of the weights and a counter of 0. */
export type DeliveryOpening = { readonly startRoot: Hex; readonly salt: Hex };

/** A judge of what is delivered: the code alone would not say what another contract of the same code was made with. */
export type TrustedValidator = { readonly address: Address; readonly codeHash: Hex };

export type CommissionOptions = {
  /** Holds `<model id>.safetensors`, weights by the names that the evaluation graph gives its state. */
  readonly weightsFolder: string | undefined;
  /** Weights are delivered though nobody serves the held-out rows yet: whether they are good is not known then, and whether
   * the requester will ever show the rows is its word alone. */
  readonly blind: boolean;
  /** Those that may judge what is delivered. */
  readonly validators: readonly TrustedValidator[];
  /** What rehearsals, recipes and salts are made with: a requester that could foresee it would choose how they end. */
  readonly secret: Hex;
};

export type CommissionModules = {
  readonly runs: Pick<Runs, "prepare" | "compute">;
  /** Who delivers. */
  readonly account: Address;
  /** Throws where this machine cannot hold a run. */
  readonly requireRoom: (task: Task, job: Job) => void;
  readonly store: BlobStore;
  /** Which tensors a delivery consists of, and what its commitment stands for; shown to nobody before its claim. */
  readonly unclaimed: BlobStore;
  readonly library: () => Library;
};

/** A rehearsal must exceed what is asked by so many standard deviations of such a count. */
const MARGIN_DEVIATIONS = 2;

export function openCommissions(options: CommissionOptions, modules: CommissionModules): Commissions {
  const { account, runs, store, unclaimed, library, requireRoom } = modules;
  const prepared = new Map<Hex, Hex>();

  async function weightsOf(job: Job, id: Hex, graph: Graph): Promise<readonly Tensor[]> {
    const { weightsFolder } = options;
    const file = weightsFolder && (await readIfThere(join(weightsFolder, `${id}.safetensors`)));
    if (file) return namedWeights(graph, file);
    if (job.trainGraph.root === ZERO_HASH)
      throw new DeclinedError("it says not how to train, and there are no weights");
    const recipe = trainTask({ ...job, profile: PROFILE.strict, property: NO_PROPERTY });
    requireRoom(recipe, job);
    await runs.prepare(recipe, job);
    // The same after a restart: a run that was cut short is taken up again.
    const seed = keccak256(concatHex([options.secret, id]));
    const { result } = await runs.compute({ task: recipe, seed, consumed: undefined });
    return stateFromModel(graph, result.state);
  }

  /** The same count on other rows: its own draw gives a set that is as hard as the one to come. */
  async function rehearse(task: Task, { property }: Job): Promise<void> {
    const seed = keccak256(concatHex([options.secret, task.id, task.startRoot]));
    const { result } = await runs.compute({ task, seed, consumed: undefined });
    const correct = correctOf(bytesOf(result.state.at(-1)!));
    const wanted = Math.min(property.samples, rehearsedCorrect(property));
    if (correct < wanted)
      throw new DeclinedError(
        `its weights gave ${correct} of ${property.samples} in a rehearsal: ${property.minCorrect} are asked for, ${wanted} are safe`,
      );
  }

  return {
    commitmentOf: (id) => prepared.get(id),
    openingOf: async (commitment) => {
      const opening = await unclaimed.get(commitment);
      if (opening?.length !== 64) return undefined;
      const words = bytesToHex(opening);
      return { startRoot: sliceHex(words, 0, 32), salt: sliceHex(words, 32) };
    },
    prepare: async (task, job) => {
      requireValidator(job, options.validators);
      const graph = await library().graph(task.graph.root);
      requireFit(task, graph);
      requireModel(graph, job);
      const start = await weightsOf(job, task.id, graph);
      requireCanonical({ dataset: { tensors: [] }, start });
      const startRoot = await storeStart(store, unclaimed, start);
      if (!options.blind) await rehearse(commissionTask(job, startRoot), job);
      // Equal weights for two jobs are delivered as if they were others.
      const salt = keccak256(concatHex([options.secret, stringToHex("salt"), task.id, startRoot]));
      const commitment = deliveryCommitment(startRoot, account, salt);
      await unclaimed.put(commitment, hexToBytes(concatHex([startRoot, salt])));
      prepared.set(task.id, commitment);
    },
  };
}

/** The least count of a rehearsal after which the draw that counts is likely to be enough. */
function rehearsedCorrect({ samples, minCorrect }: Job["property"]): number {
  // √(np(1 − p)) at p = minCorrect / samples
  const deviation = Math.sqrt((minCorrect * (samples - minCorrect)) / samples);
  return Math.ceil(minCorrect + MARGIN_DEVIATIONS * deviation);
}

/** Its verdict costs the bond, whatever the weights are worth. */
function requireValidator({ property }: Job, trusted: readonly TrustedValidator[]): void {
  const { validator, validatorCodeHash } = property;
  const isTrusted = ({ address, codeHash }: TrustedValidator): boolean =>
    isAddressEqual(address, validator) && codeHash.toLowerCase() === validatorCodeHash.toLowerCase();
  if (isAddressEqual(validator, zeroAddress) || trusted.some(isTrusted)) return;
  throw new DeclinedError(`it is judged by ${validator}, which was not named as one to trust, with that code`);
}

/** The state of a commissioned model is the evaluation graph's own: its weights in their order, then the counter (P13.5). */
function requireModel(graph: Graph, { property }: Job): void {
  const last = graph.stateInputs.length - 1;
  const counter = stateTypes(graph)[last];
  if (counter === undefined || !sameType(counter, { dtype: "float32", shape: [1] }))
    throw new DeclinedError("its evaluation graph's last state tensor is no counter");
  for (const [i, { source }] of graph.stateInputs.entries())
    if (source !== (i === last ? ZERO_SOURCE : i))
      throw new DeclinedError(`state tensor ${i} of its evaluation graph is not the model's of that place`);
  const bytes = datasetTypes(graph, Number(property.heldOutRows)).reduce((sum, type) => sum + byteSizeOf(type), 0);
  if (BigInt(bytes) > property.heldOutBytes) throw new DeclinedError("its held-out rows are larger than the job says");
}

function namedWeights(graph: Graph, file: Uint8Array): readonly Tensor[] {
  const { tensors } = fromSafetensors(file);
  return graph.stateInputs.map(({ value, source }) => {
    const { name, dtype, shape } = valueAt(graph, value);
    if (source === ZERO_SOURCE) return zeros({ dtype, shape });
    const tensor = tensors.get(name);
    if (tensor === undefined || !sameType(tensor, { dtype, shape }))
      throw new DeclinedError(`the weights' file has no ${dtype} [${shape}] named ${name}`);
    return tensor;
  });
}

async function storeStart(store: BlobStore, unclaimed: BlobStore, start: readonly Tensor[]): Promise<Hex> {
  const roots: Hex[] = [];
  for (const tensor of start) {
    const bytes = bytesOf(tensor);
    const root = tensorRoot(bytes);
    await store.put(root, bytes);
    roots.push(root);
  }
  const startRoot = rootOfList(roots);
  await unclaimed.put(startRoot, packHashes(roots));
  return startRoot;
}
