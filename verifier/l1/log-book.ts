import { type Hex, numberToHex } from "viem";
import { smallerOf } from "../../common/bigint.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { L1DataError, WrongL1Error } from "../../common/l1-errors.ts";
import { type Agreed, type AgreedHead, blockFrom, type ShownBlock } from "./agreed.ts";
import type { Endpoint, Endpoints } from "./endpoints.ts";
import { openBloomTest, type ProvenLog, provenLogs } from "./proven-logs.ts";

/** Every log of some contracts, up to the head that was agreed on. */
export interface LogBook {
  readonly upTo: (head: AgreedHead) => Promise<readonly ProvenLog[]>;
}

export interface LogBookOptions {
  readonly chain: Pick<ChainFile, "l1ChainId" | "genesis" | "deployedAtL1Block">;
  readonly addresses: readonly Hex[];
  /** What lies further back than so many blocks when it is first read is compared and shown to be there, but not to be all. */
  readonly provenBlocks: bigint;
}

/** A day of Ethereum's and some hours more; what is older is final, and its claims' windows are over or nearly so. */
export const PROVEN_BLOCKS = 10_000n;

/** Headers that are read at once, and blocks of which logs are asked at once. */
const PAGE_BLOCKS = 256n;
const OLD_PAGE_BLOCKS = 2000n;
/** Blocks of which the book remembers the hashes: a deeper fork has it read again. */
const REMEMBERED = 1024;

type Known = { readonly number: bigint; readonly hash: Hex };

export function openLogBook(
  { chain, addresses, provenBlocks }: LogBookOptions,
  { agreed, endpoints }: { readonly agreed: Agreed; readonly endpoints: Endpoints },
): LogBook {
  const ours = new Set(addresses.map((address) => address.toLowerCase()));
  const mayHold = openBloomTest(addresses);
  let known: Known[] = [];
  let logs: ProvenLog[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  /** The first look, and the one after a fork that is deeper than what is remembered: is it still the same L1? */
  async function requireChain({ among, header }: AgreedHead): Promise<void> {
    const found = BigInt((await agreed.same("eth_chainId", [], among)) as Hex);
    if (found !== chain.l1ChainId)
      throw new WrongL1Error("wrong-l1", "the L1 endpoint is another chain's", {
        expected: chain.l1ChainId,
        actual: found,
      });
    const { number, hash } = chain.genesis.header.origin;
    const origin = number <= header.number ? (await agreed.block(number, among)).header.hash : "no such block";
    if (origin !== hash)
      throw new WrongL1Error("wrong-l1", `L1 block ${number} is not the one the chain began on`, {
        expected: hash,
        actual: origin,
        hint: "the L1 was started anew: its chain has another chain file",
      });
  }

  /** Forgets what the chain no longer has. */
  async function rewind(head: AgreedHead): Promise<void> {
    const isThere = async ({ number, hash }: Known): Promise<boolean> =>
      number <= head.header.number && (await agreed.block(number, head.among)).header.hash === hash;
    while (known.length > 0 && !(await isThere(known.at(-1)!))) {
      const { number } = known.pop()!;
      while (logs.length > 0 && BigInt(logs.at(-1)!.blockNumber) >= number) logs.pop();
    }
    if (known.length > 0) return;
    logs = [];
    await requireChain(head);
  }

  /** Headers of the blocks behind `after` up to `end`, each the parent of the next. */
  async function headers(endpoint: Endpoint, after: bigint, end: ShownBlock): Promise<readonly ShownBlock[]> {
    const numbers = Array.from({ length: Number(end.header.number - after) - 1 }, (_, i) => after + 1n + BigInt(i));
    const blocks = [...(await Promise.all(numbers.map((number) => blockFrom(endpoint, number)))), end];
    for (const [i, { header }] of blocks.entries()) {
      const before = i === 0 ? known.at(-1)?.hash : blocks[i - 1]!.header.hash;
      if (before !== undefined && header.parentHash !== before)
        throw new L1DataError("l1-fork", `${endpoint.shown} shows L1 block ${header.number} on another one`, {
          expected: before,
          actual: header.parentHash,
        });
    }
    return blocks;
  }

  async function readPage(after: bigint, end: ShownBlock, among: readonly Endpoint[]): Promise<void> {
    const blocks = await endpoints.askOne((endpoint) => headers(endpoint, after, end), among);
    for (const block of blocks) {
      const found = mayHold(block)
        ? await endpoints.askOne((endpoint) => provenLogs(endpoint, block, ours), among)
        : [];
      logs.push(...found);
      known.push({ number: block.header.number, hash: block.header.hash });
    }
    known = known.slice(-REMEMBERED);
  }

  /** What all endpoints have of logs in these blocks, each shown to be there. */
  async function readOld(from: bigint, to: bigint, among: readonly Endpoint[]): Promise<void> {
    const range = { fromBlock: numberToHex(from), toBlock: numberToHex(to), address: addresses };
    const blocksOf = async (endpoint: Endpoint): Promise<readonly bigint[]> => {
      const shown = (await endpoint.ask("eth_getLogs", [range])) as readonly ProvenLog[];
      return [...new Set(shown.map(({ blockNumber }) => BigInt(blockNumber)))];
    };
    const answers = await endpoints.askAll(blocksOf, among);
    // One that names fewer blocks leaves logs out; each block that is named is proven, so that none can be invented.
    const named = new Set(answers.flatMap((answer) => ("value" in answer ? answer.value : [])));
    const numbers = [...named].sort((a, b) => (a < b ? -1 : 1));
    for (const number of numbers.filter((number) => number >= from && number <= to)) {
      const block = await agreed.block(number, among);
      const found = await endpoints.askOne((endpoint) => provenLogs(endpoint, block, ours), among);
      for (const answer of answers)
        if ("value" in answer && found.length > 0 && !answer.value.includes(number))
          endpoints.leaveOut(
            answer.endpoint,
            new L1DataError("l1-logs", `${answer.endpoint.shown} hides the logs of L1 block ${number}`),
          );
      logs.push(...found);
    }
    const { header } = await agreed.block(to, among);
    known = [{ number: header.number, hash: header.hash }];
  }

  async function read(head: AgreedHead): Promise<readonly ProvenLog[]> {
    const { among, header } = head;
    if (known.at(-1)?.hash === header.hash) return logs;
    if (known.length === 0 || known.at(-1)!.hash !== header.parentHash) await rewind(head);
    let next = (known.at(-1)?.number ?? chain.deployedAtL1Block - 1n) + 1n;
    for (; next + provenBlocks <= header.number; next = known.at(-1)!.number + 1n)
      await readOld(next, smallerOf(next + OLD_PAGE_BLOCKS - 1n, header.number - provenBlocks), among);
    while (next <= header.number) {
      const end = next + PAGE_BLOCKS > header.number ? head : await agreed.block(next + PAGE_BLOCKS - 1n, among);
      await readPage(next - 1n, end, among);
      next = end.header.number + 1n;
    }
    return logs;
  }

  return {
    upTo: (head) => {
      const done = turn.then(() => read(head));
      turn = done.catch(() => {});
      return done;
    },
  };
}
