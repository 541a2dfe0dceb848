import { BaseError, type Hex, numberToHex, type PublicClient } from "viem";
import { decodeAnchoredFields } from "../../common/header.ts";
import { BEGUN_ANEW, L1DataError, WrongL1Error } from "../../common/l1-errors.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { nextInboxHash } from "../../common/message.ts";
import { troubleOf } from "../../common/trouble.ts";
import type { Agreed } from "../../verifier/l1/agreed.ts";
import type { Endpoint } from "../../verifier/l1/endpoints.ts";
import { isFault } from "../../verifier/l1/refusals.ts";
import type { Chain } from "../chain/chain.ts";
import { SnapshotError } from "../snapshot/format.ts";
import type { BatchArchive } from "./batch-archive.ts";
import type { BlobSource } from "./blob-source.ts";
import { readBatches, readLogs } from "./read.ts";
import { calledStanding, provenStanding } from "./standing.ts";
import { isAboutClaim, type L1Batch, type L1Message } from "./step.ts";
import { lastWithin } from "./step-weight.ts";

export interface FollowerOptions {
  readonly pollMs: number;
  /** L1 blocks asked for at once while catching up. */
  readonly maxRangeBlocks: bigint;
  /** What a step may hold of messages and batches, in memory and in one commit; a single L1 block may hold more. */
  readonly maxStepBytes?: number;
  /** Longest pause after errors in a row. */
  readonly maxBackoffMs: number;
}

const MAX_STEP_BYTES = 8 * 1024 * 1024;
/** How often in a row L1's head is asked for before an endpoint is called a liar. */
const PROOFS_ASKED = 4;
/** What only an endpoint that hides or invents something leads to, whatever L1 has. */
const FALSE: ReadonlySet<string> = new Set(["l1-proof", "l1-inbox", "l1-batches", "l1-batch", "l1-logs"]);

export interface FollowerModules {
  readonly client: PublicClient;
  /** What L1's endpoints have alike: nothing is read above it. */
  readonly agreed: Pick<Agreed, "head" | "block" | "finalizedNumber" | "same">;
  /** Told of what cannot be true, where another endpoint could be asked the next time. */
  readonly suspect?: (error: L1DataError) => void;
  readonly blobs: BlobSource;
  readonly chain: Chain;
  readonly archive?: BatchArchive | undefined;
  /** Told of each failed poll and of reorgs. */
  readonly onTrouble: (trouble: { readonly error: unknown } | { readonly reorgTo: bigint }) => void;
}

/**
 * Reads L1 into the chain, in steps that are stored whole or not at all. Trusts no single answer: the Inbox's hash chain,
 * the checkpoint at the step's end, the number of batches and the end's hash must all fit, or the step is read again. At L1's
 * head they are proven against its state root, and the head is the one that every endpoint has.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #modules: FollowerModules;
  /** Resolves when the L1 head was reached for the first time. */
  readonly caughtUp: Promise<void>;
  #reachedHead: () => void = () => {};
  #running: Promise<void> | undefined;
  #stopped = false;
  /** Proofs in a row that proved something else. */
  #unproven = 0;
  #wake: () => void = () => {};

  constructor(options: FollowerOptions, modules: FollowerModules) {
    this.#options = options;
    this.#modules = modules;
    this.caughtUp = new Promise((resolve) => {
      this.#reachedHead = resolve;
    });
  }

  /** `onFatal` hears of what no waiting cures: another L1, a full disk. */
  start(onFatal: (error: unknown) => void): void {
    this.#running = this.#loop(onFatal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
  }

  /** Reads the next step. Resolves with whether the L1 head is reached. */
  async poll(): Promise<boolean> {
    const { agreed, chain } = this.#modules;
    const { l1 } = chain.store;
    const agreedHead = await agreed.head(0);
    const { header: head, raw, among } = agreedHead;
    const finalizedNumber = await agreed.finalizedNumber(agreedHead);
    // What no proof covers is as all endpoints have it: the first one that answers may be a liar.
    const headerAt: HeaderAt = async (number) => (await agreed.block(number, among)).header;
    const cursor = l1.cursor() ?? (await this.#begin(among, headerAt));
    if (head.hash === cursor.hash && finalizedNumber === l1.finalizedNumber()) return true;
    if (head.number < cursor.number && (await this.#isBehind(head, cursor, headerAt))) return true;
    if (!(await isCanonical(cursor, head, headerAt))) {
      await this.#rewind(cursor, head, headerAt);
      return false;
    }
    const step = await this.#readStep(cursor, head, raw.stateRoot, headerAt).catch(this.#judged);
    if (step === undefined) return false;
    this.#unproven = 0;
    const { end, messages, batches } = step;
    const origins = await this.#readOrigins(messages, batches, cursor, end, headerAt);
    if ((await headerAt(end.number)).hash !== end.hash) return false;
    chain.applyL1({ head: end, finalizedNumber, messages, batches, origins });
    return end === head;
  }

  /** An endpoint that shows a later state is asked again at once: it may have been between two blocks. Each time, and it lies. */
  readonly #judged = (error: unknown): undefined => {
    const isUnproven = error instanceof L1DataError && error.code === "l1-proof";
    if (isUnproven && ++this.#unproven < PROOFS_ASKED) return undefined;
    this.#unproven = 0;
    if (error instanceof L1DataError && FALSE.has(error.code)) this.#modules.suspect?.(error);
    // viem's own is what it makes of an answer that is none: those who do not answer are done without already.
    if (isFault(error) || error instanceof BaseError) this.#modules.suspect?.(malformed(error));
    throw error;
  };

  async #loop(onFatal: (error: unknown) => void): Promise<void> {
    const { pollMs, maxBackoffMs } = this.#options;
    let failures = 0;
    while (!this.#stopped) {
      try {
        const caughtUp = await this.poll();
        failures = 0;
        if (caughtUp) {
          this.#reachedHead();
          await this.#pause(pollMs);
        }
      } catch (error) {
        if (error instanceof WrongL1Error || error instanceof SnapshotError) return onFatal(error);
        this.#modules.onTrouble({ error });
        await this.#pause(Math.min(pollMs * 2 ** ++failures, maxBackoffMs));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The first step ends at genesis' origin: nothing of this chain lies before it. */
  async #begin(among: readonly Endpoint[], headerAt: HeaderAt): Promise<L1Header> {
    const { agreed, chain } = this.#modules;
    const { l1ChainId, genesis } = chain.file;
    const chainId = await agreed.same("eth_chainId", [], among);
    if (chainId !== numberToHex(l1ChainId))
      throw new WrongL1Error("wrong-l1", "the L1 endpoint is another chain's", {
        expected: l1ChainId,
        actual: chainId,
      });
    const { number, hash } = genesis.header.origin;
    const origin = await headerAt(number);
    if (origin.hash !== hash)
      throw new WrongL1Error("wrong-l1", `L1 block ${number} is not the one genesis stands on`, {
        expected: hash,
        actual: origin.hash,
        hint: BEGUN_ANEW,
      });
    chain.applyL1({ head: origin, finalizedNumber: 0n, messages: [], batches: [], origins: [] });
    return origin;
  }

  /** The block of that number or, as far as L1 goes, the last of its second: every block is, but for L1s of developers. */
  async #lastOfSecond(number: bigint, head: L1Header, headerAt: HeaderAt): Promise<L1Header> {
    if (number >= head.number) return head;
    let end = await headerAt(number);
    for (;;) {
      const next = end.number + 1n === head.number ? head : await headerAt(end.number + 1n);
      if (next.timestamp > end.timestamp) return end;
      if (next === head) return head;
      end = next;
    }
  }

  /** An endpoint is late, and all has been read that it has: no fork as long as what is known below is there. */
  async #isBehind(head: L1Header, cursor: L1Header, headerAt: HeaderAt): Promise<boolean> {
    const { l1 } = this.#modules.chain.store;
    let known = l1.headerBelow(cursor.number);
    while (known && known.number > head.number) known = l1.headerBelow(known.number);
    return known !== undefined && (await headerAt(known.number)).hash === known.hash;
  }

  /** Goes back to the newest header it knows that L1 still has. */
  async #rewind(cursor: L1Header, head: L1Header, headerAt: HeaderAt): Promise<void> {
    const { chain, onTrouble } = this.#modules;
    let known = chain.store.l1.headerBelow(cursor.number);
    while (known) {
      if (known.number <= head.number && (await headerAt(known.number)).hash === known.hash) break;
      known = chain.store.l1.headerBelow(known.number);
    }
    if (!known)
      throw new WrongL1Error("wrong-l1", "L1 no longer has the block that genesis stands on", {
        expected: chain.file.genesis.header.origin.hash,
        hint: BEGUN_ANEW,
      });
    chain.rewindL1(known.number);
    onTrouble({ reorgTo: known.number });
  }

  /**
   * What lies between the cursor and an end of its choice, L1's head if that is not too far. There `stateRoot` proves what is
   * read, and with it all that was read before.
   */
  async #readStep(
    cursor: L1Header,
    head: L1Header,
    stateRoot: Hex,
    headerAt: HeaderAt,
  ): Promise<{ end: L1Header; messages: L1Message[]; batches: L1Batch[] }> {
    const { client, chain, blobs, archive } = this.#modules;
    const { maxRangeBlocks, maxStepBytes = MAX_STEP_BYTES } = this.#options;
    let end = await this.#lastOfSecond(cursor.number + maxRangeBlocks, head, headerAt);
    if (end.number === cursor.number) return { end, messages: [], batches: [] };
    const logs = await readLogs(client, chain.file, cursor.number + 1n, end.number);
    const within = lastWithin(maxStepBytes, logs.messages, logs.anchored, end.number);
    if (within < end.number) end = await this.#lastOfSecond(within, head, headerAt);
    const { number } = end;
    const messages = logs.messages.filter(({ l1Block }) => l1Block <= number);
    const anchored = logs.anchored.filter(({ blockNumber }) => (blockNumber as bigint) <= number);
    const { inbox, batchCount, dataRootOf } = await (end === head
      ? provenStanding(client, chain.file, { number, stateRoot })
      : calledStanding(client, chain.file, end));
    const modules = { client, headerAt, blobs, dataRootOf, held: chain.store.blocks.block, archive };
    const batches = await readBatches(modules, anchored);
    const standing = checkMessages(chain.store.l1.inbox(), messages);
    if (standing.count !== inbox.count || standing.hash !== inbox.hash)
      throw new L1DataError("l1-inbox", `the messages read up to L1 block ${number} are not the ones it has`, {
        expected: `${inbox.count} ${inbox.hash}`,
        actual: `${standing.count} ${standing.hash}`,
      });
    checkBatches(chain.store.l1.lastBatch()?.batch ?? 0n, batches, batchCount);
    return { end, messages, batches };
  }

  /** Canonical headers at all origins the batches name, and of the L1 blocks that hold them or claims, but for those already known. */
  async #readOrigins(
    messages: readonly L1Message[],
    batches: readonly L1Batch[],
    cursor: L1Header,
    end: L1Header,
    headerAt: HeaderAt,
  ): Promise<L1Header[]> {
    const { chain } = this.#modules;
    const claimed = messages.filter(isAboutClaim).map(({ l1Block }) => l1Block);
    const numbers = new Set(claimed.filter((number) => !chain.store.l1.originAt(number)));
    // To see whether L1 turned back to blocks that left the chain.
    for (const number of chain.store.dropped.originsIn(cursor.number + 1n, end.number)) numbers.add(number);
    for (const { headers, l1Block } of batches) {
      if (!chain.store.l1.originAt(l1Block)) numbers.add(l1Block);
      for (const posted of headers) {
        const number = decodeAnchoredFields(posted)?.origin.number;
        if (number !== undefined && number <= l1Block && !chain.store.l1.originAt(number)) numbers.add(number);
      }
    }
    return Promise.all([...numbers].map(headerAt));
  }
}

const malformed = (error: unknown): L1DataError =>
  new L1DataError("l1-malformed", `what it answers cannot be read: ${troubleOf(error).message}`, { cause: error });

/** As all endpoints have it. */
type HeaderAt = (number: bigint) => Promise<L1Header>;

async function isCanonical(cursor: L1Header, head: L1Header, headerAt: HeaderAt): Promise<boolean> {
  if (head.number === cursor.number) return head.hash === cursor.hash;
  if (head.number < cursor.number) return false;
  if (head.number === cursor.number + 1n) return head.parentHash === cursor.hash;
  return (await headerAt(cursor.number)).hash === cursor.hash;
}

function checkMessages(before: { count: bigint; hash: `0x${string}` }, messages: readonly L1Message[]) {
  let { count, hash } = before;
  for (const message of messages) {
    hash = nextInboxHash(hash, message.kind, message.body);
    if (message.index !== count || message.hash !== hash)
      throw new L1DataError("l1-inbox", `message ${message.index} does not continue the Inbox's hash chain`, {
        expected: `${count} ${hash}`,
        actual: `${message.index} ${message.hash}`,
      });
    count++;
  }
  return { count, hash };
}

/** Batch 0 is genesis; `count` includes it. */
function checkBatches(last: bigint, batches: readonly L1Batch[], count: bigint): void {
  for (const [i, { batch }] of batches.entries())
    if (batch !== last + 1n + BigInt(i))
      throw new L1DataError("l1-batches", "a batch is missing", { expected: last + 1n + BigInt(i), actual: batch });
  if (last + BigInt(batches.length) + 1n !== count)
    throw new L1DataError("l1-batches", "not all batches were read", {
      expected: count,
      actual: last + BigInt(batches.length) + 1n,
    });
}
