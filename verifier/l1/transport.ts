import {
  custom,
  formatTransaction,
  formatTransactionReceipt,
  type Hex,
  hexToBigInt,
  isHex,
  numberToHex,
  type Transport,
} from "viem";
import { upperMedian } from "../../common/bigint.ts";
import type { Agreed } from "./agreed.ts";
import type { Answer, Endpoint, Endpoints } from "./endpoints.ts";
import { middleOffer, notAsked } from "./first-answer.ts";
import type { LogBook } from "./log-book.ts";
import { type LogFilter, selectLogs } from "./select-logs.ts";
import { sendByAll } from "./send-by-all.ts";

export interface L1Transport {
  readonly agreed: Agreed;
  readonly endpoints: Endpoints;
  readonly book: LogBook;
  /** For so long a head is the newest one. */
  readonly maxAgeMs: number;
}

type Params = readonly unknown[];

/**
 * L1 as viem asks for it, by what all endpoints agree on: the newest block is the newest that all have, states and accounts are
 * those of that block, logs come out of proven receipts. Nothing else is asked.
 */
export function l1Transport(modules: L1Transport): Transport {
  const request = ({ method, params = [] }: { method: string; params?: Params }): Promise<unknown> => {
    const ask = METHODS[method];
    return ask === undefined ? Promise.reject(notAsked(method)) : ask(modules, params, method);
  };
  // Endpoints have their own retries.
  return custom({ request } as Parameters<typeof custom>[0], { retryCount: 0 });
}

type Ask = (modules: L1Transport, params: Params, method: string) => Promise<unknown>;

/** About the state of the head that all have, where the newest state is asked for. */
const atHead =
  (position: number, maxAge: (modules: L1Transport) => number): Ask =>
  async (modules, params, method) => {
    const { among, header } = await modules.agreed.head(maxAge(modules));
    return modules.agreed.same(method, pinned(params, position, header.number), among);
  };
const recent = ({ maxAgeMs }: L1Transport): number => maxAgeMs;
const fresh = (): number => 0;

function pinned(params: Params, position: number, number: bigint): Params {
  const changed = [...params];
  if ((changed[position] ?? "latest") === "latest") changed[position] = numberToHex(number);
  return changed;
}

/**
 * What all have of a transaction (`Vote`), or null while those of one of them have nothing whose head has not come to it. `fields` are
 * compared in this order, of the objects in it as well.
 */
const ofTransaction =
  ({ fields, name, read, none = [] }: Comparison): Ask =>
  async ({ agreed, endpoints }, params, method) => {
    const { among, header } = await agreed.head(0);
    const ask = async (endpoint: Endpoint) => {
      const found = includedIn(await endpoint.ask(method, params));
      // Beside what is compared it may say anything that can be read, but not that it speaks of another.
      const lacking = none.filter((field) => (found?.shown[field] ?? null) === null).map((field) => [field, []]);
      const named = { ...found?.shown, ...Object.fromEntries(lacking), [name]: params[0] };
      return found && { ...found, shown: readable(read, named) };
    };
    const answers = await endpoints.askAll(ask, among);
    const isIn = (found: Included | null) => found !== null && found.number <= header.number;
    // One that shows it later than another is not in doubt, until all have the block.
    if (!answers.some((answer) => "value" in answer && isIn(answer.value))) return null;
    const saidIn = (found: Included | null) => JSON.stringify(found?.shown, [...fields]) ?? "in no block";
    try {
      const [first] = agreed.vote.alike({ differ: `answer ${method} differently`, saidIn }, answers);
      return valueIn(first!)?.shown ?? null;
    } catch (error) {
      if (answers.some((answer) => "value" in answer && answer.value === null)) return null;
      throw error;
    }
  };

/** What an endpoint shows of a transaction, and the block that it is in. */
type Included = { readonly shown: Shown; readonly number: bigint };
type Shown = Readonly<Record<string, unknown>>;

/** Null while it is in no block, whether it is shown or not. Throws what is the endpoint's fault where it shows neither. */
function includedIn(answer: unknown): Included | null {
  if (answer === null) return null;
  const shown = answer as Shown;
  const { blockNumber } = shown;
  if (blockNumber === null) return null;
  if (!isHex(blockNumber)) throw new TypeError("a transaction's block has no number");
  return { shown, number: hexToBigInt(blockNumber) };
}

type Comparison = {
  /** What is compared. */
  readonly fields: readonly string[];
  /** Of the field that names the transaction. */
  readonly name: string;
  /** Throws where it cannot be read. */
  readonly read: (shown: never) => unknown;
  /** Lists that some software leaves out where they are empty. */
  readonly none?: readonly string[];
};

function readable(read: Comparison["read"], shown: Shown): Shown {
  read(shown as never);
  return shown;
}

const RECEIPT = ["blockHash", "blockNumber", "status", "gasUsed", "logs", "address", "topics", "data"];
const BLOBS = "blobVersionedHashes";
const TRANSACTION = ["blockHash", "from", "nonce", "to", "value", "input", BLOBS];

const METHODS: Readonly<Record<string, Ask>> = {
  eth_chainId: ({ agreed, endpoints }) => agreed.same("eth_chainId", [], endpoints.usable()),
  eth_blockNumber: async ({ agreed }) => numberToHex((await agreed.head(0)).header.number),
  eth_call: atHead(1, recent),
  eth_getBalance: atHead(1, recent),
  eth_getCode: atHead(1, recent),
  // Behind a receipt that was shown, and not a block behind it.
  eth_getTransactionCount: atHead(1, fresh),
  eth_getBlockByNumber: async ({ agreed }, [at]) => {
    const head = await agreed.head(0);
    if (at === "latest") return head.raw;
    const number = at === "finalized" ? await agreed.finalizedNumber(head) : hexToBigInt(at as Hex);
    return number > head.header.number ? null : (await agreed.block(number, head.among)).raw;
  },
  eth_getLogs: async ({ agreed, book, maxAgeMs }, [filter]) =>
    selectLogs(await book.upTo(await agreed.head(maxAgeMs)), filter as LogFilter),
  eth_getTransactionReceipt: ofTransaction({
    fields: RECEIPT,
    name: "transactionHash",
    read: formatTransactionReceipt,
  }),
  eth_getTransactionByHash: ofTransaction({
    fields: TRANSACTION,
    name: "hash",
    read: formatTransaction,
    none: [BLOBS],
  }),
  // Software differs in how near it looks. Too little fails, too much may not be sent: of three, none names it alone.
  eth_estimateGas: async ({ agreed, endpoints }, params) => {
    const { among, header } = await agreed.head(0);
    const at = pinned(params, 1, header.number);
    const ask = async (endpoint: Endpoint) => BigInt((await endpoint.ask("eth_estimateGas", at)) as Hex);
    const question = { differ: "differ in whether L1 takes a call", saidIn: () => "taken" };
    const answers = agreed.vote.alike(question, await endpoints.askAll(ask, among));
    return numberToHex(upperMedian(answers.map(valueIn)));
  },
  eth_maxPriorityFeePerGas: ({ endpoints }, _, method) => middleOffer(endpoints, method),
  eth_gasPrice: ({ endpoints }, _, method) => middleOffer(endpoints, method),
  eth_blobBaseFee: ({ endpoints }, _, method) => middleOffer(endpoints, method),
  eth_sendRawTransaction: ({ endpoints }, params) => sendByAll(endpoints, params),
};

/** Throws what was refused with. */
function valueIn<T>(answer: Answer<T>): T {
  if ("refusal" in answer) throw answer.refusal;
  return answer.value;
}
