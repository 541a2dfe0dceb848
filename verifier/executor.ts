import { type Abi, type Address, type Hex, hexToString, isAddressEqual, type TransactionReceipt } from "viem";
import { hexOf } from "../common/bytes.ts";
import { commitment, type Failure, hasFailed } from "../common/claim.ts";
import { deliveriesAbi } from "../common/contracts/deliveries.ts";
import { resultClaimsAbi } from "../common/contracts/result-claims.ts";
import { ZERO_HASH } from "../common/hash.ts";
import type { Job } from "../common/job.ts";
import { headerOf, headerRlp } from "../common/l1-header.ts";
import { commissionTask, startsFromRoot, TASK_KIND, type Task } from "../common/task.ts";
import type { AnswerDuty } from "./claims/answers.ts";
import type { ConsumedClaim } from "./claims/assemble.ts";
import { type Collected, collect, NOTHING, stands } from "./claims/collected.ts";
import type { Commissions, DeliveryOpening } from "./claims/commissions.ts";
import type { Demand, DemandSource } from "./claims/demand.ts";
import { openDemandsReader } from "./claims/demands-reader.ts";
import { withdrawBalances } from "./claims/earnings.ts";
import type { Groundwork } from "./claims/groundwork.ts";
import type { ClaimLog, LoggedClaim } from "./claims/log.ts";
import { type ExecutorAction, nextExecutorActions } from "./claims/next-actions.ts";
import type { ClaimsReader, L1Head } from "./claims/reader.ts";
import { takenBy } from "./claims/reserved.ts";
import type { RunSpec } from "./claims/runs.ts";

import { claimsOf, consumedOf, specOf } from "./claims/spec.ts";
import { CLAIM_STATUS } from "./claims/status.ts";
import type { CommissionView, ExecutorView } from "./claims/view.ts";
import type { Workbench } from "./claims/workbench.ts";
import { apart, type EventSink } from "./events.ts";
import type { L1 } from "./l1.ts";
import { RefusedError, type Sender } from "./sender.ts";
import { type Service, startRounds } from "./service.ts";

export type ExecutorOptions = {
  readonly pollMs: number;
  readonly dataUrl: string;
  /** No reservation or claim is made for more. */
  readonly maxBondWei: bigint;
  readonly clocks: ExecutorView["clocks"];
  /** Which demands are served. `overturned`: an earlier claim of the id fell. */
  readonly takes: (demand: Demand, overturned: boolean) => boolean;
};

export type ExecutorModules = {
  readonly l1: L1;
  readonly sender: Sender;
  readonly demands: DemandSource;
  readonly log: ClaimLog;
  readonly reader: ClaimsReader;
  readonly groundwork: Groundwork;
  /** The same for commissions, whose weights may take days: nothing else waits for them. */
  readonly commissionGround: Groundwork;
  readonly commissions: Commissions;
  readonly workbench: Workbench;
  readonly answers: AnswerDuty;
  readonly events: EventSink;
};

/**
 * Computes what L2 demands, claims it on L1 and keeps its claims alive until they are final. The loop remembers nothing
 * that it could not read again: kill it anywhere and start it again.
 */
export function startExecutor(options: ExecutorOptions, modules: ExecutorModules): Service {
  const closed: Closed = {
    done: new Map(),
    settled: new Set(),
    late: new Map(),
    lost: new Set(),
    declined: new Set(),
    taken: new Map(),
  };
  return startRounds(options.pollMs, () => round(options, modules, closed), modules.events);
}

type Errand = { readonly task: Task; readonly job: Job | undefined };

/** What the first round after a start reads of L1 once, since it never changes again. */
type Closed = {
  /** Own closed claims, with the L1 second of their end and what was collected then: a fork of L1 may undo both. */
  readonly done: Map<Hex, { readonly closedAt: bigint; readonly collected: Collected }>;
  /** Those of them of which all that lies before L1's last finalized block. */
  readonly settled: Set<Hex>;
  /** Ids of which an own claim fell for a late answer, and which. Its result may be right: it is claimed once more. */
  readonly late: Map<Hex, Hex>;
  /** Ids that are not claimed again: an own claim was proven wrong, and the same run would give the same result, or two came late. */
  readonly lost: Set<Hex>;
  /** Ids of which it was told that L1 takes no claim of them. */
  readonly declined: Set<Hex>;
  /** Ids of which it was told who else is at them. */
  readonly taken: Map<Hex, Address>;
};

async function round(options: ExecutorOptions, modules: ExecutorModules, closed: Closed): Promise<void> {
  const { l1, log, demands, reader, sender, answers, events } = modules;
  const { done, settled, late, lost } = closed;
  const [claims, finalizedAt] = await Promise.all([log.read(), reader.finalizedAt()]);
  const own = claimsOf(sender.address, claims);
  const open: { logged: LoggedClaim; spec: RunSpec }[] = [];
  const ended = new Set<Hex>();
  const look = async (logged: LoggedClaim): Promise<void> => {
    const { claimHash } = logged;
    const spec = specOf(logged, claims);
    const { status, closedAt } = await reader.record(claimHash);
    if (status === CLAIM_STATUS.none) return; // a fork of L1 took it since the log was read, and may bring it back
    if (status === CLAIM_STATUS.open) {
      if (done.delete(claimHash)) for (const ids of [late, lost]) ids.delete(logged.task.id);
      if (spec !== undefined) open.push({ logged, spec });
      return;
    }
    const before = done.get(claimHash);
    let collected = before?.closedAt === closedAt ? before.collected : undefined;
    // Nothing of an overturned claim comes back.
    if (status === CLAIM_STATUS.overturned) {
      if (collected === undefined) await giveUpOrForget(logged, closed, modules);
      collected = NOTHING;
    } else if (collected === undefined || !(await stands(l1.client, collected)))
      collected = await collect(modules, logged);
    else if (collected.refused.length > 0) collected = await collect(modules, logged, collected);
    done.set(claimHash, { closedAt, collected });
    ended.add(claimHash);
    const seconds = [closedAt, ...collected.calls.map(({ second }) => second)];
    if (collected.refused.length === 0 && seconds.every((second) => second < finalizedAt)) settled.add(claimHash);
  };
  for (const logged of own) {
    const { claimHash } = logged;
    if (settled.has(claimHash)) ended.add(claimHash);
    else await apart({ claimHash }, events, () => look(logged));
  }
  for (const claim of open) await apart({ claimHash: claim.logged.claimHash }, events, () => answers([claim]));
  // An own claim that could not be looked at may have fallen.
  const unclear = new Set(own.filter(({ claimHash }) => !ended.has(claimHash)).map(({ task }) => task.id));
  const errands = new Map<Hex, Errand>();
  for (const { logged } of open) errands.set(logged.task.id, { task: logged.task, job: undefined });
  for (const demand of await demands()) {
    const { id } = demand.task;
    // While an own claim is open nothing new is begun for its id: were it overturned since the look above, the next
    // round first finds out whether the id is lost, and reserves nothing that it would then leave.
    if (lost.has(id) || unclear.has(id)) continue;
    await apart({ id }, events, async () => {
      const overturned = (await reader.overturnedAt(id)) !== 0n;
      if (options.takes(demand, overturned)) errands.set(id, demand);
    });
  }
  const head = await reader.head();
  for (const [id, errand] of errands)
    await apart({ id }, events, () => advance(errand, head, options, modules, closed));
  await withdrawBalances(modules);
}

async function giveUpOrForget(
  { claimHash, l1Block, task: { id } }: LoggedClaim,
  { late, lost }: Closed,
  { l1, workbench, events }: ExecutorModules,
): Promise<void> {
  const wasLate = await openDemandsReader(l1).timedOut(claimHash, l1Block);
  if (!wasLate || (late.get(id) ?? claimHash) !== claimHash) {
    lost.add(id);
    events({ event: "given-up", id, claimHash, late: wasLate });
  }
  late.set(id, claimHash);
  workbench.forget(claimHash);
}

async function advance(
  errand: Errand,
  head: L1Head,
  options: ExecutorOptions,
  modules: ExecutorModules,
  closed: Closed,
): Promise<void> {
  const { reader, sender, workbench, events } = modules;
  const { job } = errand;
  const { id } = errand.task;
  const [live, reservation, overturnedAt, lostSeconds, consumed, commission] = await Promise.all([
    reader.live(id),
    reader.reservation(id),
    reader.overturnedAt(id),
    reader.lostSeconds(errand.task),
    consumedBy(errand.task, modules),
    commissionOf(errand, modules),
  ]);
  if (live === undefined && job === undefined) return;
  const task = asDelivered(errand, commission?.opening);
  const { seedFixedAt, seed } = commission?.view.delivery ?? reservation;
  const spec: RunSpec = { task, seed: seedFixedAt === 0n ? ZERO_HASH : seed, consumed };
  const view: ExecutorView = {
    me: sender.address,
    task,
    nowSeconds: head.timestamp,
    l1Block: head.number,
    clocks: options.clocks,
    live,
    reservation,
    commission: commission?.view,
    overturnedAt,
    deadline: task.deadline + lostSeconds,
    consumed: consumed?.claimHash,
    ground: groundFor(task, modules).groundOf(task.id),
    work: workbench.workOf(spec),
  };
  const other = takenBy(view);
  if (other !== undefined && closed.taken.get(id) !== other) {
    closed.taken.set(id, other);
    events({ event: "taken", id, by: other });
  }
  const decline = (reason: string) => {
    if (!closed.declined.has(task.id)) events({ event: "declined", id: task.id, reason });
    closed.declined.add(task.id);
  };
  for (const action of nextExecutorActions(view)) {
    if (action.kind === "decline") {
      decline(action.reason);
      continue;
    }
    try {
      await perform(action, spec, job, commission?.opening?.salt, options, modules);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // Somebody was faster, or a clock moved between the look and the move: the next round sees it.
      events({ event: "refused", id: task.id, action: action.kind, error: error.errorName });
      // A fork of L1 took the commitment.
      if (error.errorName === "NotCommitted") workbench.committed(spec, undefined);
      if (error.errorName !== "JobInvalid") continue;
      // But never this: nothing is put at stake again for what L1 takes no claim of.
      closed.lost.add(task.id);
      decline(`L1 takes no claim of such a job: ${hexToString(error.args[0] as Hex, { size: 32 })}`);
    }
  }
}

const groundFor = ({ kind }: Task, { groundwork, commissionGround }: ExecutorModules): Groundwork =>
  kind === TASK_KIND.commission ? commissionGround : groundwork;

type Commission = {
  readonly view: CommissionView;
  /** Of the own delivery that waits. */
  readonly opening: DeliveryOpening | undefined;
};

/** Undefined where there is nothing left to deliver: the claim is there already. */
async function commissionOf(
  { task, job }: Errand,
  { reader, sender, commissions }: ExecutorModules,
): Promise<Commission | undefined> {
  if (task.kind !== TASK_KIND.commission || job === undefined) return undefined;
  const [delivery, tries] = await Promise.all([reader.delivery(task.id), reader.tries(task.id, sender.address)]);
  const isMine = isAddressEqual(delivery.claimant, sender.address);
  const opening = isMine ? await commissions.openingOf(delivery.commitment) : undefined;
  const view = { delivery, deliverer: job.property.deliverer, tries, opened: opening !== undefined };
  return { view, opening };
}

/** A demand cannot say what will be delivered; who delivered it knows. */
const asDelivered = ({ task, job }: Errand, opening: DeliveryOpening | undefined): Task =>
  job !== undefined && opening !== undefined ? commissionTask(job, opening.startRoot) : task;

async function consumedBy(task: Task, { reader, log }: ExecutorModules): Promise<ConsumedClaim | undefined> {
  if (startsFromRoot(task)) return undefined;
  const live = await reader.live(task.modelId);
  if (live === undefined) return undefined;
  const logged = (await log.read()).get(live.claimHash);
  // Of a run that failed there is no model.
  return logged && !hasFailed(logged.claim) ? consumedOf(logged) : undefined;
}

/** Throws `L1DataError` where they do not give the block's hash: L1 would refuse them. */
async function headerBytes({ client }: L1, blockNumber: bigint): Promise<Hex> {
  const block = await client.getBlock({ blockNumber });
  headerOf(block);
  return hexOf(headerRlp(block));
}

const errorsOf = (abi: Abi) => abi.filter(({ type }) => type === "error");
/** Each of the two calls the other, whose errors come through it. */
const CLAIMS_ABI = [...resultClaimsAbi, ...errorsOf(deliveriesAbi as Abi)] as Abi;
const DELIVERIES_ABI = [...deliveriesAbi, ...errorsOf(resultClaimsAbi as Abi)] as Abi;

async function perform(
  action: Exclude<ExecutorAction, { readonly kind: "decline" }>,
  spec: RunSpec,
  job: Job | undefined,
  salt: Hex | undefined,
  options: ExecutorOptions,
  modules: ExecutorModules,
): Promise<void> {
  const { l1, sender, commissions, workbench, events } = modules;
  const { id } = spec.task;
  const call = (functionName: string, args: readonly unknown[]) => ({
    address: l1.contracts.resultClaims,
    abi: CLAIMS_ABI,
    functionName,
    args,
  });
  const delivering = (functionName: string, args: readonly unknown[]) => ({
    address: l1.contracts.deliveries,
    abi: DELIVERIES_ABI,
    functionName,
    args,
  });
  const report = (event: string, receipt: TransactionReceipt, more: object = {}) =>
    events({ event, id, ...more, gasUsed: receipt.gasUsed, l1Block: receipt.blockNumber });
  switch (action.kind) {
    case "prepare":
      if (job !== undefined) groundFor(spec.task, modules).begin(spec.task, job);
      return;
    case "reserve":
      report("reserved", await sender.sendWithBond(call("reserve", [id, options.dataUrl]), options.maxBondWei));
      return;
    case "fixSeed":
      report("seed-fixed", await sender.send(call("fixSeed", [id, await headerBytes(l1, action.seedBlock)])));
      return;
    case "deliver": {
      const commitment = commissions.commitmentOf(id);
      const made = delivering("deliver", [job, commitment, options.dataUrl]);
      report("delivered", await sender.sendWithBond(made, options.maxBondWei), { commitment });
      return;
    }
    case "draw":
      report("samples-drawn", await sender.send(delivering("draw", [id, await headerBytes(l1, action.seedBlock)])));
      return;
    case "run":
      if (job === undefined) return;
      events({ event: "run-started", id, kind: spec.task.kind, steps: spec.task.steps });
      workbench.start(spec, job, salt);
      return;
    case "commit": {
      const { claimHash, salt } = readyClaim(spec, workbench);
      const receipt = await sender.send(call("commit", [commitment(claimHash, sender.address, salt)]));
      workbench.committed(spec, receipt.blockNumber);
      report("committed", receipt, { claimHash });
      return;
    }
    case "claim": {
      const { claimHash } = readyClaim(spec, workbench);
      const { input } = workbench.prepared(spec);
      const receipt = await sender.sendWithBond(call("claim", [input]), options.maxBondWei);
      report("claimed", receipt, {
        claimHash,
        kind: spec.task.kind,
        ...(hasFailed(input) ? { failed: failedAt(input.failure) } : { resultRoot: input.resultRoot }),
      });
      return;
    }
    case "finalize":
      report("finalized", await sender.send(call("finalize", [action.claimHash])), { claimHash: action.claimHash });
      return;
    case "sink":
      report("sunk", await sender.send(call("sink", [action.claimHash])), { claimHash: action.claimHash });
      return;
  }
}

/** Counted from 0, as people and `JobFailed` do. */
const failedAt = ({ steps, node, element }: Failure) => ({ step: steps - 1, node, element });

function readyClaim(spec: RunSpec, workbench: Workbench): { claimHash: Hex; salt: Hex } {
  const work = workbench.workOf(spec);
  if (work.state !== "ready") throw new Error(`no result of task ${spec.task.id} is ready`);
  return { claimHash: work.claimHash, salt: workbench.prepared(spec).input.salt };
}
