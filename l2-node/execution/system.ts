import { type Address, decodeAbiParameters, encodeAbiParameters, type Hex, parseAbiParameters } from "viem";
import { lower } from "../../common/addresses.ts";
import { bytesOfHex, fixedBytes, hexOf, naturalOf } from "../../common/bytes.ts";
import { computed } from "./fault.ts";
import { type StateKey, systemKey, uint64Field } from "./keys.ts";
import type { StateReader, WorldState } from "./state.ts";

/** Items of system storage (P11.3); the number is the second byte of the key. */
export const ITEM = {
  credit: 0x01,
  accountantFees: 0x02,
  opened: 0x03,
  claim: 0x04,
  result: 0x05,
  overturned: 0x06,
  live: 0x07,
  escrow: 0x08,
  compute: 0x09,
  parked: 0x0a,
  /** Three fields: a queue's kind, its id, and an index (2⁶⁴−1 holds head and tail). */
  queue: 0x0b,
  expiry: 0x0c,
  cursor: 0x0d,
  pledge: 0x0e,
  voided: 0x0f,
  lost: 0x10,
  /** What is opened for a model and has not ended (unfinished.ts). */
  unfinished: 0x11,
  link: 0x12,
} as const;

/** How one kind of value is stored. */
export interface Slot<T> {
  readonly key: StateKey;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

export function read<T>(state: StateReader, slot: Slot<T>): T | undefined {
  const bytes = state.get(slot.key);
  return bytes === undefined ? undefined : slot.decode(bytes);
}

export function write<T>(state: WorldState, slot: Slot<T>, value: T | undefined): void {
  state.set(slot.key, value === undefined ? undefined : computed(() => slot.encode(value)));
}

const naturalSlot = (key: StateKey): Slot<bigint> => ({
  key,
  encode: (value) => fixedBytes(value, 32),
  decode: naturalOf,
});

/** Cumulative credit of an account (P2.6). */
export const creditSlot = (account: Address) => naturalSlot(systemKey(ITEM.credit, account));
/** Base-fee income since genesis (P2.7). */
export const accountantFeesSlot = () => naturalSlot(systemKey(ITEM.accountantFees));
/** What `withdrawCompute` pays out. */
export const computeSlot = (account: Address) => naturalSlot(systemKey(ITEM.compute, account));

export const readNatural = (state: StateReader, slot: Slot<bigint>): bigint => read(state, slot) ?? 0n;

/** Zero is stored as absence, so that a state has one form only. */
export function addNatural(state: WorldState, slot: Slot<bigint>, amount: bigint): void {
  const sum = readNatural(state, slot) + amount;
  write(state, slot, sum === 0n ? undefined : sum);
}

/** A struct, stored as `abi.encode` of it; addresses come back in lower case. */
function structSlot<T extends object>(key: StateKey, fields: string): Slot<T> {
  const components = parseAbiParameters(fields) as readonly { name: string; type: string }[];
  const parameter = [{ type: "tuple", components }];
  return {
    key,
    encode: (value) => bytesOfHex(encodeAbiParameters(parameter, [value])),
    decode: (bytes) => {
      const [value] = decodeAbiParameters(parameter, hexOf(bytes)) as [Record<string, unknown>];
      for (const { name, type } of components) if (type === "address") value[name] = lower(value[name] as string);
      return value as T;
    },
  };
}

/** An id somebody asked for on L2, with what derives its task (P4.3). */
export interface Opened {
  readonly kind: number;
  /** Zero for trainings. */
  readonly modelId: Hex;
  /** infer: input root; evaluate: dataset root; train: zero. */
  readonly inputRoot: Hex;
  readonly rows: number;
  readonly blockNumber: bigint;
  /** Gets what its escrow does not pay for (P12.7). */
  readonly owner: Address;
  /** Its price was put in when it was asked for; false for a training that a parked transaction opened (P12.8). */
  readonly paid: boolean;
  /** abi(Job) for trainings, else empty: the model's id leads to it. */
  readonly job: Hex;
}

export const openedSlot = (id: Hex) =>
  structSlot<Opened>(
    systemKey(ITEM.opened, id),
    "uint8 kind, bytes32 modelId, bytes32 inputRoot, uint32 rows, uint64 blockNumber, address owner, bool paid, bytes job",
  );

/** A `Claimed` message as consumed (P1.4). */
export interface ClaimRecord {
  readonly id: Hex;
  readonly claimant: Address;
  readonly resultRoot: Hex;
  readonly output: Hex;
  readonly failedSteps: number;
}

export const claimSlot = (claimHash: Hex) =>
  structSlot<ClaimRecord>(
    systemKey(ITEM.claim, claimHash),
    "bytes32 id, address claimant, bytes32 resultRoot, bytes output, uint32 failedSteps",
  );

/** The effective result of an id. */
export interface ResultRecord {
  readonly claimHash: Hex;
  readonly isFinal: boolean;
  readonly resultRoot: Hex;
  readonly output: Hex;
  /** Steps up to the one that failed, where there is no result and never will be (P15); 0: it has one. */
  readonly failedSteps: number;
}

export const resultSlot = (id: Hex) =>
  structSlot<ResultRecord>(
    systemKey(ITEM.result, id),
    "bytes32 claimHash, bool isFinal, bytes32 resultRoot, bytes output, uint32 failedSteps",
  );

/** Set once an `Overturned` message named the id: from then on only `Final` has effect (P6.6). */
export const overturnedSlot = (id: Hex): Slot<boolean> => ({
  key: systemKey(ITEM.overturned, id),
  encode: () => Uint8Array.of(1),
  decode: () => true,
});

/** A graph of the model's job (1 train, 2 infer, 3 evaluate) voids what is computed with it (P14). */
export const voidedSlot = (modelId: Hex, graph: number): Slot<boolean> => ({
  key: systemKey(ITEM.voided, modelId, `0x${graph.toString(16).padStart(2, "0")}`),
  encode: () => Uint8Array.of(1),
  decode: () => true,
});

/** The claim of an id that is neither overturned nor final, by the messages consumed. */
export const liveSlot = (id: Hex): Slot<Hex> => ({
  key: systemKey(ITEM.live, id),
  encode: bytesOfHex,
  decode: hexOf,
});

/** L1 seconds for which lost claims have held an id (P6.9). */
export const lostSlot = (id: Hex) => naturalSlot(systemKey(ITEM.lost, id));

/** What is paid in for an id, by whomever. */
export const escrowSlot = (id: Hex) => naturalSlot(systemKey(ITEM.escrow, id));

/** The price of a training that nobody has paid yet, out of the value of a transaction that parked (P12.8). */
export interface Pledge {
  /** Gets what of it is not needed. */
  readonly owner: Address;
  readonly amountWei: bigint;
  /** The parked one that may still pay by itself; zero once it has ended. */
  readonly transaction: Hex;
}

export const pledgeSlot = (id: Hex) =>
  structSlot<Pledge>(systemKey(ITEM.pledge, id), "address owner, uint256 amountWei, bytes32 transaction");

/** A transaction that waits for `id` (P12.5). */
export interface Parked {
  readonly id: Hex;
  /** Where the transaction was sequenced. */
  readonly blockNumber: bigint;
  readonly position: number;
  /** Charged so far, without dataGas and quoteGas. */
  readonly usedGas: bigint;
  readonly quoteGas: bigint;
  /** Seconds. After this block time it is looked whether the result may still come. */
  readonly expiresAt: bigint;
  /** Seconds. After this one it may not. */
  readonly latest: bigint;
  /** Trainings that it has pledged for. */
  readonly pledged: readonly Hex[];
}

export const parkedSlot = (transactionHash: Hex) =>
  structSlot<Parked>(
    systemKey(ITEM.parked, transactionHash),
    "bytes32 id, uint64 blockNumber, uint32 position, uint64 usedGas, uint64 quoteGas, uint64 expiresAt, uint64 latest, bytes32[] pledged",
  );

/** Last block executed and inbox messages consumed up to it. */
export const cursorSlot = () =>
  structSlot<{ number: bigint; inboxCount: bigint }>(systemKey(ITEM.cursor), "uint64 number, uint64 inboxCount");

/** A FIFO of 32-byte words in system storage. */
export interface Queue {
  readonly kind: "parked" | "resume";
  readonly id: Hex;
}

const ENDS = uint64Field(2n ** 64n - 1n);
const QUEUE_KIND = { parked: "0x00", resume: "0x01" } as const;
const queueKey = (queue: Queue, index: Hex) => systemKey(ITEM.queue, QUEUE_KIND[queue.kind], queue.id, index);
const endsSlot = (queue: Queue) =>
  structSlot<{ head: bigint; tail: bigint }>(queueKey(queue, ENDS), "uint64 head, uint64 tail");
const wordSlot = (queue: Queue, index: bigint): Slot<Hex> => ({
  key: queueKey(queue, uint64Field(index)),
  encode: bytesOfHex,
  decode: hexOf,
});

export function enqueue(state: WorldState, queue: Queue, word: Hex): void {
  const { head, tail } = read(state, endsSlot(queue)) ?? { head: 0n, tail: 0n };
  write(state, wordSlot(queue, tail), word);
  write(state, endsSlot(queue), { head, tail: tail + 1n });
}

export function front(state: StateReader, queue: Queue): Hex | undefined {
  const ends = read(state, endsSlot(queue));
  return ends === undefined ? undefined : read(state, wordSlot(queue, ends.head));
}

export function dequeue(state: WorldState, queue: Queue): void {
  const ends = read(state, endsSlot(queue));
  if (ends === undefined) return;
  write(state, wordSlot(queue, ends.head), undefined);
  const rest = { head: ends.head + 1n, tail: ends.tail };
  write(state, endsSlot(queue), rest.head === rest.tail ? undefined : rest);
}
