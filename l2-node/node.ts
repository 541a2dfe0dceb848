import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Router } from "express";
import { createPublicClient, type Hex, http, type PublicClient } from "viem";
import type { ChainFile } from "../common/chain-file.ts";
import { sealedHeaderDigest } from "../common/sealed-header.ts";
import { SettingsError } from "../common/settings.ts";
import { addressOfKey, signDigest } from "../common/signature.ts";
import { troubleOf } from "../common/trouble.ts";
import { patienceFor } from "../verifier/l1/agreed.ts";
import { openEndpoints } from "../verifier/l1/endpoints.ts";
import { Chain, onChainChange } from "./chain/chain.ts";
import type { NodeConfig } from "./config.ts";
import { Accountant } from "./execution/accountant.ts";
import { Auditor } from "./execution/auditor.ts";
import { bridgeSource } from "./execution/bridge-source.ts";
import { executeEagerly } from "./execution/eager.ts";
import type { Execution } from "./execution/execution.ts";
import { StateClaimLog } from "./execution/state-claim-log.ts";
import { openThreaded } from "./execution/threaded.ts";
import { forwardTo } from "./forward.ts";
import { Anchor } from "./l1/anchor.ts";
import { openBlobSource } from "./l1/blob-source.ts";
import { openL1Clients } from "./l1/clients.ts";
import { disputeSource } from "./l1/disputes.ts";
import { EquivocationWatch } from "./l1/equivocation.ts";
import { Follower } from "./l1/follower.ts";
import { type Kzg, openKzg } from "./l1/kzg.ts";
import { L1Sender } from "./l1/sender.ts";
import { startRpcServer } from "./rpc/server.ts";
import { nextContext } from "./sequencer/context.ts";
import { Mempool } from "./sequencer/mempool.ts";
import { openRecovery } from "./sequencer/recovery.ts";
import { Sequencer } from "./sequencer/sequencer.ts";
import { openSnapshot } from "./snapshot/open.ts";
import { openStore } from "./store/sqlite.ts";
import { hasCode, valueCheck } from "./value-check.ts";

export interface NodeEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface NodeModules {
  readonly chain: ChainFile;
  /** Folder of the inference graphs this node holds. */
  readonly blobs?: string;
  /** Served beside the RPC; `execution` is absent with `--execute none`. */
  readonly routers: (execution: Execution | undefined) => readonly Router[];
  readonly events: (event: NodeEvent) => void;
  /** A loop died of something waiting does not cure: the process must end. */
  readonly onFatal: (error: unknown) => void;
  readonly clientVersion: string;
}

export interface RunningNode {
  readonly url: string;
  readonly chain: Chain;
  readonly execution: Execution | undefined;
  close(): Promise<void>;
}

const BLOB_TIMEOUT_MS = 30_000;

/** Starts a node's services from the store upwards; `close` ends them in reverse. */
export async function startNode(config: NodeConfig, modules: NodeModules): Promise<RunningNode> {
  const { chain: file, events, onFatal } = modules;
  const stops: (() => void | Promise<void>)[] = [];
  const onTrouble = (source: string) => (trouble: object) => events({ event: "trouble", source, ...describe(trouble) });

  mkdirSync(config.dataDir, { recursive: true });
  const chainPath = join(config.dataDir, "chain.sqlite");
  const store = openStore(chainPath, file);
  stops.push(() => store.close());
  const chain = new Chain({ chain: file }, { store });
  const endpoints = openEndpoints([config.l1Url, ...config.l1WitnessUrls], events);
  const patience = patienceFor(file.clocks);
  const { agreed, client, comparing } = openL1Clients({ chain: file, patience }, endpoints, events);

  const kzg = openKzg();
  stops.push(() => kzg.close());
  const blobs = openBlobSource({ urls: config.l1BeaconUrls, timeoutMs: BLOB_TIMEOUT_MS }, { kzg });
  const archive = config.snapshot === undefined ? undefined : openSnapshot(config.snapshot, file);
  stops.push(() => archive?.close());
  const follower = new Follower(
    { pollMs: config.pollMs ?? file.clocks.l1BlockMs / 2, maxRangeBlocks: 2000n, maxBackoffMs: 15_000 },
    {
      client,
      agreed,
      // The first of them is who was asked.
      suspect: (error) => endpoints.leaveOut(endpoints.usable()[0]!, error),
      blobs,
      chain,
      archive,
      onTrouble: onTrouble("follower"),
    },
  );
  stops.push(() => follower.stop());
  chain.events.on("dropped", (blocks) => events({ event: "dropped", blocks: blocks.length }));

  let execution: Execution | undefined;
  if (config.execute !== "none") {
    execution = await openThreaded(
      { chain: file, chainPath, statePath: join(config.dataDir, "state.sqlite"), blobs: modules.blobs },
      { onChange: onChainChange(chain), onTrouble: onTrouble("execution") },
    );
    stops.push(() => execution?.close());
    if (config.execute === "eager") stops.push(executeEagerly(chain, execution, onTrouble("execution")));
    execution.events.on("rederived", (rederivation) => events({ event: "rederived", ...rederivation }));
    execution.events.on("result", (result) => events({ event: "result", ...result }));
    execution.events.on("fault", ({ error, ...where }) => events({ event: "fault", ...where, error: error.toJSON() }));
  }
  const sequencing =
    config.role === "sequencer" ? makeSequencing(config, modules, chain, comparing, kzg, execution) : undefined;
  stops.push(() => sequencing?.stop());

  if (config.posterKey && execution) {
    const accountant = makeAccountant(config, modules, chain, comparing, execution);
    accountant.start();
    stops.push(() => accountant.stop());
  }
  if (config.audit === "on" && execution) {
    const auditor = new Auditor(
      { intervalMs: 20 * file.clocks.l1BlockMs },
      {
        log: new StateClaimLog(comparing, file),
        chain,
        execution,
        onFalse: ({ posted, own }) => events({ event: "false-state-claim", posted, own }),
        onTrouble: onTrouble("auditor"),
      },
    );
    auditor.start();
    stops.push(() => auditor.stop());
  }
  if (config.forwardUrl !== undefined) {
    const watch = makeWatch(config.forwardUrl, config.reporterKey, modules, chain, client);
    watch.start();
    stops.push(() => watch.stop());
  }
  const server = await startRpcServer(
    { host: config.host, port: config.port },
    {
      context: {
        chain,
        mempool: sequencing?.mempool,
        execution,
        disputes: disputeSource(client, file),
        bridge: bridgeSource(comparing, file),
        forward: config.forwardUrl === undefined ? undefined : forwardTo(config.forwardUrl),
        signSealed: sequencing?.signSealed,
        clientVersion: modules.clientVersion,
        limits: { maxLogBlocks: 10_000n, maxLogs: 20_000 },
      },
      routers: modules.routers(execution),
      onFault: (error) => events({ event: "fault", ...describe({ error }) }),
    },
  );
  stops.push(() => server.close());
  follower.start(onFatal);
  // Before it knows what L1 holds, a sequencer would seal blocks beside anchored ones.
  let closed = false;
  follower.caughtUp.then(() => {
    if (!closed) sequencing?.start();
  });
  return {
    url: server.url,
    chain,
    execution,
    close: async () => {
      closed = true;
      for (const stop of stops.reverse()) await stop();
    },
  };
}

interface Sequencing {
  readonly mempool: Mempool;
  readonly signSealed: (hash: Hex) => Hex;
  start(): void;
  stop(): Promise<void>;
}

/** Mempool, sealing and anchoring: what a node has that holds the sequencer's key. */
function makeSequencing(
  config: NodeConfig,
  { events, onFatal }: NodeModules,
  chain: Chain,
  client: PublicClient,
  kzg: Kzg,
  execution: Execution | undefined,
): Sequencing {
  const { file, store } = chain;
  const privateKey = config.sequencerKey as NonNullable<NodeConfig["sequencerKey"]>;
  if (addressOfKey(privateKey) !== file.sequencer)
    throw new SettingsError("wrong-key", "the sequencer key does not belong to the chain's sequencer", {
      expected: file.sequencer,
      actual: addressOfKey(privateKey),
    });
  const recovery = openRecovery();
  const mempool = new Mempool(
    {
      maxTransactions: config.maxPoolTransactions,
      maxPerAccount: 64,
      maxGapped: Math.ceil(config.maxPoolTransactions / 16),
      maxTransactionBytes: 90_000,
    },
    {
      chain: file,
      ledger: store.blocks,
      pool: store.pool,
      recover: recovery.recover,
      context: () => nextContext(chain),
      ...(execution ? { checkValue: valueCheck(execution), hasCode: hasCode(execution) } : {}),
    },
  );
  const sequencer = new Sequencer(
    {
      blockTimeMs: config.blockTimeMs ?? file.clocks.l2BlockMs,
      heartbeatMs: config.heartbeatMs,
      originLagBlocks: BigInt(config.originLagBlocks),
      maxBlockBytes: 95_000,
      resealMarginSeconds: BigInt(Math.ceil(file.clocks.inclusionWindowSeconds / 10)),
    },
    { chain, mempool },
  );
  sequencer.events.on("sealed", ({ block, sealMs }) =>
    events({
      event: "sealed",
      number: block.header.number,
      hash: block.hash,
      transactions: block.transactions.length,
      messages: block.header.origin.inboxCount - block.firstMessage,
      sealMs,
    }),
  );
  const sender = makeSender(config.anchorKey ?? privateKey, file, client);
  const anchor = new Anchor(
    {
      privateKey,
      intervalMs: config.anchorIntervalMs ?? 4 * file.clocks.l1BlockMs,
      maxBatchBytes: 110_000,
      maxBatchHeaders: 100,
      data: config.data ?? (config.l1BeaconUrls.length > 0 ? "cheaper" : "calldata"),
    },
    {
      client,
      chain,
      sender,
      kzg,
      onTrouble: ({ error }) => events({ event: "trouble", source: "anchor", ...describe({ error }) }),
      onAnchored: (batch) => events({ event: "anchored", ...batch }),
    },
  );
  const { l1ChainId, l2ChainId, contracts } = file;
  const domain = { l1ChainId, l2ChainId, headerAnchor: contracts.headerAnchor };
  return {
    mempool,
    signSealed: (hash) => signDigest(sealedHeaderDigest(domain, hash), privateKey),
    start: () => {
      sequencer.start(onFatal);
      anchor.start();
    },
    stop: async () => {
      sequencer.stop();
      await anchor.stop();
      await recovery.close();
    },
  };
}

/** Listens to the sequencer's RPC, and holds it to what it signed. */
function makeWatch(
  sequencerUrl: string,
  reporterKey: Hex | undefined,
  { events }: NodeModules,
  chain: Chain,
  client: PublicClient,
): EquivocationWatch {
  const { clocks } = chain.file;
  const sequencer = createPublicClient({ transport: http(sequencerUrl, { retryCount: 0 }) });
  return new EquivocationWatch(
    { intervalMs: clocks.l2BlockMs },
    {
      client,
      chain,
      hear: async () =>
        (await sequencer.request({ method: "anh_getSignedHeader", params: ["latest"] } as never)) ?? undefined,
      sender: reporterKey === undefined ? undefined : makeSender(reporterKey, chain.file, client),
      onEquivocation: ({ number, hashes }) => events({ event: "equivocation", number, hashes }),
      onTrouble: ({ error }) => events({ event: "trouble", source: "equivocation", ...describe({ error }) }),
    },
  );
}

function makeAccountant(
  config: NodeConfig,
  { events }: NodeModules,
  chain: Chain,
  client: PublicClient,
  execution: Execution,
): Accountant {
  const { clocks, poster } = chain.file;
  const posterKey = config.posterKey as Hex;
  if (addressOfKey(posterKey) !== poster)
    throw new SettingsError("wrong-key", "the poster key does not belong to the chain's poster of state claims", {
      expected: poster,
      actual: addressOfKey(posterKey),
    });
  const postEverySeconds = config.postEverySeconds ?? Math.min(Math.ceil(clocks.stateWindowSeconds / 4), 3600);
  return new Accountant(
    { intervalMs: 4 * clocks.l1BlockMs, postEverySeconds: BigInt(postEverySeconds) },
    {
      client,
      chain,
      execution,
      sender: makeSender(posterKey, chain.file, client),
      onTrouble: ({ error }) => events({ event: "trouble", source: "accountant", ...describe({ error }) }),
      onPosted: ({ claim, gasUsed }) =>
        events({ event: "state-claimed", number: claim.number, stateRoot: claim.stateRoot, gasUsed }),
      onSettled: ({ number, gasUsed }) => events({ event: "state-settled", number, gasUsed }),
    },
  );
}

const makeSender = (privateKey: Hex, { l1ChainId, clocks }: ChainFile, client: PublicClient): L1Sender =>
  new L1Sender(
    {
      privateKey,
      l1ChainId,
      bumpAfterMs: Math.max(4 * clocks.l1BlockMs, 5000),
      pollMs: Math.max(clocks.l1BlockMs / 4, 20),
    },
    { client },
  );

/** Errors as plain fields: message, code, and what to do where that is known. */
function describe(trouble: object): object {
  if (!("error" in trouble)) return trouble;
  const { hint, ...told } = troubleOf(trouble.error);
  if (told.url === undefined) return { ...told, ...(hint === undefined ? {} : { hint }) };
  return {
    ...told,
    hint: "is it up? It is asked again until it answers; --l1-url, --l1-witness-urls, --l1-beacon-urls and --forward-url name what is asked",
  };
}
