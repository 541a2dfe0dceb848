import { type Block, formatBlock, numberToHex, type RpcBlock } from "viem";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import type { Clocks } from "../../common/clocks.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import { headerOf, type L1Header } from "../../common/l1-header.ts";
import type { EventSink } from "../events.ts";
import type { Answer, Endpoint, Endpoints } from "./endpoints.ts";

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
  /** What all say alike. Throws `L1DataError` where they differ, and what they refuse with where they refuse alike. */
  readonly same: (method: string, params: readonly unknown[], among: readonly Endpoint[]) => Promise<unknown>;
  readonly block: (number: bigint, among: readonly Endpoint[]) => Promise<ShownBlock>;
  /** The oldest that one of them calls finalized. */
  readonly finalizedNumber: (among?: readonly Endpoint[]) => Promise<bigint>;
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
/** A node that mines while it is asked may show a later state once. */
const LOOKS = 3;

export function openAgreed({ stuckMs, lateMs }: AgreedOptions, endpoints: Endpoints, events: EventSink): Agreed {
  const newest = new Map<Endpoint, { readonly hash: string; readonly number: bigint; readonly movedAt: number }>();
  const lagging = new Set<Endpoint>();
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

  function tellLag(answers: readonly Answer<ShownBlock>[]): void {
    const blocks = answers.map(blockIn);
    const most = blocks.map(({ header }) => header.number).reduce(largerOf);
    for (const { endpoint, header } of blocks) {
      const behindBlocks = most - header.number;
      if (behindBlocks <= LAG_BLOCKS) lagging.delete(endpoint);
      else if (!lagging.has(endpoint)) {
        lagging.add(endpoint);
        events({ event: "l1-endpoint-lags", url: endpoint.shown, behindBlocks });
      }
    }
  }

  async function readHead(): Promise<AgreedHead> {
    const shownByAll = onlyValues(await endpoints.askAll((endpoint) => blockFrom(endpoint, "latest")));
    const answers = recent(moving(shownByAll));
    tellLag(answers);
    const number = answers.map((answer) => blockIn(answer).header.number).reduce(smallerOf);
    const shown = new Map(answers.map((answer) => [answer.endpoint, blockIn(answer)]));
    const atNumber = (endpoint: Endpoint) => {
      const known = shown.get(endpoint)!;
      return known.header.number === number ? Promise.resolve(known) : findBlock(endpoint, number);
    };
    const same = await endpoints.askAll(atNumber, [...shown.keys()]);
    return { ...agreedBlock(number, same), among: same.map(({ endpoint }) => endpoint) };
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
      for (let look = 1; ; look++) {
        const answers = await endpoints.askAll((endpoint) => endpoint.ask(method, params), among);
        const [first, ...others] = answers as [Answer<unknown>, ...Answer<unknown>[]];
        const other = others.find((one) => saidIn(one) !== saidIn(first));
        if (other === undefined) {
          if ("refusal" in first) throw first.refusal;
          return first.value;
        }
        if (look === LOOKS) throw disagreement(`answer ${method} differently`, first, other);
      }
    },
    block: async (number, among) =>
      agreedBlock(number, await endpoints.askAll((endpoint) => findBlock(endpoint, number), among)),
    finalizedNumber: async (among) => {
      const answers = onlyValues(await endpoints.askAll((endpoint) => blockFrom(endpoint, "finalized"), among));
      return answers.map((answer) => blockIn(answer).header.number).reduce(smallerOf);
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

function agreedBlock(number: bigint, found: readonly Answer<ShownBlock | null>[]): ShownBlock {
  const answers = onlyValues(found).map((answer) => {
    if ("value" in answer && answer.value === null) throw notShown(answer.endpoint, number);
    return answer as Answer<ShownBlock>;
  });
  const [first, ...others] = answers as [Answer<ShownBlock>, ...Answer<ShownBlock>[]];
  const { endpoint: _, ...shown } = blockIn(first);
  const other = others.find((one) => blockIn(one).header.hash !== shown.header.hash);
  if (other !== undefined) throw disagreement(`have different L1 blocks ${number}`, first, other);
  return shown;
}

const disagreement = (what: string, a: Answer<unknown>, b: Answer<unknown>): L1DataError =>
  new L1DataError("l1-endpoints-disagree", `${a.endpoint.shown} and ${b.endpoint.shown} ${what}`, {
    expected: saidIn(a),
    actual: saidIn(b),
    hint: "one of them is on a fork, which passes, or lies, which does not: nothing is done on what they disagree about",
  });

/** Refusals have no value to go on with: the first is thrown. */
function onlyValues<T>(answers: readonly Answer<T>[]): readonly Answer<T>[] {
  for (const answer of answers) if ("refusal" in answer) throw answer.refusal;
  return answers;
}

function blockIn(answer: Answer<ShownBlock>) {
  if ("refusal" in answer) throw answer.refusal;
  return { endpoint: answer.endpoint, ...answer.value };
}

/** Refusals are worded by whose software it is. */
const saidIn = (answer: Answer<unknown>): string => {
  if ("refusal" in answer) return "refused";
  const { value } = answer;
  const header = (value as Partial<ShownBlock> | null)?.header;
  return header === undefined ? JSON.stringify(value) : header.hash;
};
