import { type Hex, isHash, numberToHex } from "viem";
import { smallerOf } from "../../common/bigint.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { L1DataError, WrongL1Error } from "../../common/l1-errors.ts";
import { type Agreed, type AgreedHead, blockFrom, DEEP_BLOCKS, type ShownBlock } from "./agreed.ts";
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

/** The blocks that logs are said to be in: number → hash. */
type Named = ReadonlyMap<bigint, string>;
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
  async function readOld(from: bigint, to: bigint, { among, header: head }: AgreedHead): Promise<void> {
    const range = { fromBlock: numberToHex(from), toBlock: numberToHex(to), address: addresses };
    const blocksOf = async (endpoint: Endpoint): Promise<Named> => {
      const shown = (await endpoint.ask("eth_getLogs", [range])) as readonly ProvenLog[];
      if (!shown.every(({ blockHash }) => isHash(blockHash))) throw new TypeError("logs of no block");
      return new Map(shown.map(({ blockNumber, blockHash }) => [BigInt(blockNumber), blockHash]));
    };
    const answers = await endpoints.askAll(blocksOf, among);
    const said = answers.flatMap((answer) => ("value" in answer ? [{ by: answer.endpoint, named: answer.value }] : []));
    const inventing = new Set<Endpoint>();
    const isLie = (by: Endpoint, told: string) =>
      endpoints.leaveOut(by, new L1DataError("l1-logs", `${by.shown} ${told}`));
    // One that names fewer blocks leaves logs out; each block that is named is proven, so that none can be invented.
    const all = new Set(said.flatMap(({ named }) => [...named.keys()]));
    const numbers = [...all].sort((a, b) => (a < b ? -1 : 1));
    for (const number of numbers.filter((number) => number >= from && number <= to)) {
      const naming = said.filter(({ named }) => named.has(number));
      // Who invents may name every block there is: none is read on its word alone, while another has an answer.
      if (naming.every(({ by }) => inventing.has(by)) && inventing.size < said.length) continue;
      const block = await agreed.block(number, among);
      const found = mayHold(block)
        ? await endpoints.askOne((endpoint) => provenLogs(endpoint, block, ours), among)
        : [];
      for (const { by, named } of said) {
        const hash = named.get(number);
        if (hash === undefined) {
          if (found.length > 0) isLie(by, `hides the logs of L1 block ${number}`);
          continue;
        }
        // What it names by another hash, it may have had on a fork; where none goes, it had not.
        const isOfThis = hash === block.header.hash || number + DEEP_BLOCKS <= head.number;
        if (found.length > 0 || !isOfThis) continue;
        inventing.add(by);
        isLie(by, `names logs in L1 block ${number}, which has none`);
      }
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
      await readOld(next, smallerOf(next + OLD_PAGE_BLOCKS - 1n, header.number - provenBlocks), head);
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
