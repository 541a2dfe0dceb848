import { type Block, formatBlock, numberToHex, type RpcBlock } from "viem";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import type { Clocks } from "../../common/clocks.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import { headerOf, type L1Header } from "../../common/l1-header.ts";
import type { EventSink } from "../events.ts";
import type { Answer, Endpoint, Endpoints } from "./endpoints.ts";
import { isAlike, openVote, type Vote } from "./vote.ts";

/** A block as an endpoint shows it; its header gives its hash. */
export interface ShownBlock {
  readonly header: L1Header;
  readonly raw: RpcBlock;
  readonly block: Block;
}

/** The newest block that all have who answer, and who they are. */
export interface AgreedHead extends ShownBlock {
  readonly among: readonly Endpoint[];
}

export interface Agreed {
  /** `maxAgeMs`: one that was found so long ago will do. */
  readonly head: (maxAgeMs: number) => Promise<AgreedHead>;
  /** What all say alike (`Vote`). Throws `L1DataError` where they differ, and what they refuse with where they refuse alike. */
  readonly same: (method: string, params: readonly unknown[], among: readonly Endpoint[]) => Promise<unknown>;
  readonly vote: Vote;
  readonly block: (number: bigint, among: readonly Endpoint[]) => Promise<ShownBlock>;
  /**
   * The oldest that one of those who have the head calls finalized; or, where one is late or lies, what another calls so and lies as
   * deep under that head as no fork goes.
   */
  readonly finalizedNumber: (head: AgreedHead) => Promise<bigint>;
}

export interface AgreedOptions {
  /** An endpoint that shows no new block for so long while others do is not waited for. */
  readonly stuckMs: number;
  /** Nor is one whose newest block is so old while others' are younger. */
  readonly lateMs: number;
}

/** No L1 is without a block for so long. */
export function patienceFor({ l1BlockMs }: Pick<Clocks, "l1BlockMs">): AgreedOptions {
  const stuckMs = Math.max(10_000, 25 * l1BlockMs);
  return { stuckMs, lateMs: stuckMs };
}

/** Blocks that one endpoint may be behind another before it is named. */
const LAG_BLOCKS = 10n;
/** Four times what L1 needs to finalize a block: one that all have still at this depth is taken for final on the word of one. */
export const DEEP_BLOCKS = 256n;
/** Blocks by which the finalized ones of two may differ: each time it goes on by 32. */
const FINALITY_LAG_BLOCKS = 64n;
/** A node that mines while it is asked may show a later state once. */
const LOOKS = 3;

export function openAgreed({ stuckMs, lateMs }: AgreedOptions, endpoints: Endpoints, events: EventSink): Agreed {
  const newest = new Map<Endpoint, { readonly hash: string; readonly number: bigint; readonly movedAt: number }>();
  const lagging = new Set<Endpoint>();
  const laggingInFinality = new Set<Endpoint>();
  const vote = openVote(stuckMs, endpoints);
  let last: { readonly head: Promise<AgreedHead>; readonly at: number } | undefined;

  /** Those that move on. A liar cannot have an honest one left out: that one moves on as L1 does. */
  function moving(answers: readonly Answer<ShownBlock>[]): readonly Answer<ShownBlock>[] {
    const now = performance.now();
    for (const { endpoint, header } of answers.map(blockIn)) {
      if (newest.get(endpoint)?.hash === header.hash) continue;
      newest.set(endpoint, { hash: header.hash, number: header.number, movedAt: now });
    }
    const isMoving = ({ endpoint }: Answer<ShownBlock>) => now - newest.get(endpoint)!.movedAt <= stuckMs;
    return without("l1-endpoint-stuck", isMoving, answers);
  }

  const isOld = ({ timestamp }: L1Header): boolean => Date.now() - 1000 * Number(timestamp) > lateMs;

  /**
   * Those whose newest block is not old by this machine's clock, which no endpoint sets: one that catches up from far behind, or is
   * told to tell the past, moves on as well.
   */
  const recent = (answers: readonly Answer<ShownBlock>[]): readonly Answer<ShownBlock>[] =>
    without("l1-endpoint-late", (answer) => !isOld(blockIn(answer).header), answers);

  /** Where some are as they should be, the others are done without until they are so. */
  function without(
    code: "l1-endpoint-stuck" | "l1-endpoint-late",
    isWell: (answer: Answer<ShownBlock>) => boolean,
    answers: readonly Answer<ShownBlock>[],
  ): readonly Answer<ShownBlock>[] {
    const some = answers.filter(isWell);
    if (some.length === 0) return answers;
    for (const { endpoint, header } of answers.filter((answer) => !isWell(answer)).map(blockIn)) {
      const what = code === "l1-endpoint-late" ? "is behind, at" : "stays at";
      const error = new L1DataError(code, `${endpoint.shown} ${what} L1 block ${header.number}; others go on`);
      endpoints.leaveOut(endpoint, error, async () => {
        const { header: later } = await blockFrom(endpoint, "latest");
        if (code === "l1-endpoint-late" ? isOld(later) : later.hash === header.hash) throw error;
      });
    }
    return some;
  }

  function tellLag(
    event: string,
    named: Set<Endpoint>,
    lagBlocks: bigint,
    blocks: readonly { readonly endpoint: Endpoint; readonly header: L1Header }[],
  ): void {
    const most = blocks.map(({ header }) => header.number).reduce(largerOf);
    for (const { endpoint, header } of blocks) {
      const behindBlocks = most - header.number;
      if (behindBlocks <= lagBlocks) named.delete(endpoint);
      else if (!named.has(endpoint)) {
        named.add(endpoint);
        events({ event, url: endpoint.shown, behindBlocks });
      }
    }
  }

  async function readHead(): Promise<AgreedHead> {
    const shownByAll = onlyValues(await endpoints.askAll((endpoint) => blockFrom(endpoint, "latest")));
    const answers = recent(moving(shownByAll));
    tellLag("l1-endpoint-lags", lagging, LAG_BLOCKS, answers.map(blockIn));
    const number = answers.map((answer) => blockIn(answer).header.number).reduce(smallerOf);
    const shown = new Map(answers.map((answer) => [answer.endpoint, blockIn(answer)]));
    const atNumber = (endpoint: Endpoint) => {
      const known = shown.get(endpoint)!;
      return known.header.number === number ? Promise.resolve(known) : findBlock(endpoint, number);
    };
    const same = await endpoints.askAll(atNumber, [...shown.keys()]);
    const agreed = agreedBlocks(number, same);
    const { endpoint: _, ...shownAlike } = blockIn(agreed[0]!);
    return { ...shownAlike, among: agreed.map(({ endpoint }) => endpoint) };
  }

  /** Throws `L1DataError` where they differ, or have none. */
  function agreedBlocks(number: bigint, found: readonly Answer<ShownBlock | null>[]): readonly Answer<ShownBlock>[] {
    const alike = vote.alike(
      {
        differ: `have different L1 blocks ${number}`,
        saidIn: hashOf,
        // Not what was believed then: a fork may have shown it right.
        look: async (endpoint) => {
          const [own, others] = await Promise.all([
            findBlock(endpoint, number),
            endpoints.askAll((other) => findBlock(other, number)),
          ]);
          const isAlike = (answer: (typeof others)[number]) =>
            "value" in answer && hashOf(answer.value) === hashOf(own);
          if (!others.some(isAlike)) throw notShown(endpoint, number);
        },
      },
      onlyValues(found),
    );
    return alike.map((answer) => {
      if ("value" in answer && answer.value === null) throw notShown(answer.endpoint, number);
      return answer as Answer<ShownBlock>;
    });
  }

  return {
    head: (maxAgeMs) => {
      const now = performance.now();
      if (last !== undefined && now - last.at <= maxAgeMs) return last.head;
      const head = readHead();
      const mine = { head, at: now };
      last = mine;
      head.catch(() => {
        if (last === mine) last = undefined;
      });
      return head;
    },
    same: async (method, params, among) => {
      const question = { differ: `answer ${method} differently`, saidIn: (value: unknown) => JSON.stringify(value) };
      const ask = () => endpoints.askAll((endpoint) => endpoint.ask(method, params), among);
      let answers = await ask();
      for (let look = 1; look < LOOKS && !isAlike(question, answers); look++) answers = await ask();
      const [agreed] = vote.alike(question, answers);
      if ("refusal" in agreed!) throw agreed.refusal;
      return agreed!.value;
    },
    vote,
    block: async (number, among) => {
      const found = await endpoints.askAll((endpoint) => findBlock(endpoint, number), among);
      const { endpoint: _, ...shown } = blockIn(agreedBlocks(number, found)[0]!);
      return shown;
    },
    finalizedNumber: async ({ header: head, among }) => {
      const answers = onlyValues(await endpoints.askAll((endpoint) => blockFrom(endpoint, "finalized"), among));
      const blocks = answers.map(blockIn);
      tellLag("l1-endpoint-finality-lags", laggingInFinality, FINALITY_LAG_BLOCKS, blocks);
      const numbers = blocks.map(({ header }) => header.number);
      const deep = smallerOf(numbers.reduce(largerOf), head.number - DEEP_BLOCKS);
      return smallerOf(largerOf(numbers.reduce(smallerOf), deep), head.number);
    },
  };
}

/** Throws `L1DataError` for what is no block of that number with the header its hash is of. */
export async function blockFrom(endpoint: Endpoint, at: bigint | "latest" | "finalized"): Promise<ShownBlock> {
  const block = await findBlock(endpoint, at);
  if (block === null) throw notShown(endpoint, at);
  return block;
}

const notShown = (endpoint: Endpoint, at: bigint | string): L1DataError =>
  new L1DataError("l1-block", `${endpoint.shown} does not show L1 block ${at}`);

/** Null where the endpoint has none. That is an answer like others: who has no block is not done without for what another invents. */
async function findBlock(endpoint: Endpoint, at: bigint | "latest" | "finalized"): Promise<ShownBlock | null> {
  const tag = typeof at === "bigint" ? numberToHex(at) : at;
  const raw = (await endpoint.ask("eth_getBlockByNumber", [tag, false])) as RpcBlock | null;
  if (raw === null) return null;
  const block = formatBlock(raw);
  const header = headerOf(block);
  if (typeof at === "bigint" && header.number !== at)
    throw new L1DataError("l1-block", `${endpoint.shown} shows another L1 block than it was asked for`, {
      expected: at,
      actual: header.number,
    });
  return { header, raw, block };
}

const hashOf = (block: ShownBlock | null): string => block?.header.hash ?? "no such block";

/** Refusals have no value to go on with: the first is thrown. */
function onlyValues<T>(answers: readonly Answer<T>[]): readonly Answer<T>[] {
  for (const answer of answers) if ("refusal" in answer) throw answer.refusal;
  return answers;
}

function blockIn(answer: Answer<ShownBlock>) {
  if ("refusal" in answer) throw answer.refusal;
  return { endpoint: answer.endpoint, ...answer.value };
}
