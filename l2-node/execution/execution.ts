import type { EventEmitter } from "node:events";
import type { Address, Hex } from "viem";
import type { Authorization } from "../../common/authorization.ts";
import type { Job } from "../../common/job.ts";
import type { Task } from "../../common/task.ts";
import type { AccessEntry } from "../../common/transaction-fields.ts";
import type { AccountRecord } from "./account.ts";
import type { FailedRun } from "./failures.ts";
import type { ComputationFault } from "./fault.ts";
import type { RunBlock } from "./run.ts";
import type { Simulation, SimulationOptions } from "./simulate.ts";
import type { Appeared } from "./store.ts";
import type { TransactionTrace } from "./trace/replay.ts";
import type { TraceOptions } from "./trace/tracer.ts";
import type { WorldProof } from "./world-root.ts";

/** Block number, or a tag resolved against the source's heads. `pending` equals `latest`. */
export type BlockTag = bigint | "latest" | "safe" | "finalized" | "earliest" | "pending";

export interface AccountState {
  readonly nonce: bigint;
  readonly balanceWei: bigint;
  readonly codeHash: Hex;
}

export interface CallRequest {
  readonly from?: Address | undefined;
  /** null or absent creates a contract. */
  readonly to?: Address | null | undefined;
  readonly gasLimit?: bigint | undefined;
  readonly priceWei?: bigint | undefined;
  readonly valueWei?: bigint | undefined;
  readonly data?: Hex | undefined;
  readonly nonce?: bigint | undefined;
  readonly accessList?: readonly AccessEntry[] | undefined;
  /** Set before the call runs, whatever their nonces: what is not signed for the next nonce yet can be tried out. */
  readonly authorizations?: readonly Authorization[] | undefined;
}

/** Replaces what a call sees of its block. */
export type BlockOverrides = { readonly [K in keyof RunBlock]?: RunBlock[K] | undefined };

export interface AccountOverride {
  readonly balanceWei?: bigint | undefined;
  readonly nonce?: bigint | undefined;
  readonly code?: Hex | undefined;
  /** Replaces the named slots only. */
  readonly stateDiff?: Readonly<Record<Hex, Hex>> | undefined;
  /** Replaces the whole storage. */
  readonly state?: Readonly<Record<Hex, Hex>> | undefined;
  /** Where the precompile at this address answers instead. */
  readonly movePrecompileToAddress?: Address | undefined;
}
export type StateOverrides = Readonly<Record<Address, AccountOverride>>;

/** `revert` carries the revert data; `halt` names an exceptional halt such as "out of gas". */
export interface CallResult {
  readonly status: "success" | "revert" | "halt";
  readonly output: Hex;
  readonly gasUsed: bigint;
  readonly error?: string | undefined;
}

export interface AccessListResult {
  readonly accessList: readonly AccessEntry[];
  readonly gasUsed: bigint;
  readonly error?: string | undefined;
}

export interface LogRecord {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  readonly logIndex: number;
}

/** Belongs to the block that finished the transaction: the resuming one for parked transactions (7-details 4). */
export interface Receipt {
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly from: Address;
  readonly to: Address | null;
  readonly contractAddress: Address | null;
  readonly type: number;
  readonly status: "success" | "failed";
  /** Why it failed, in words or as "revert"; absent on success. */
  readonly error?: string | undefined;
  readonly revertData?: Hex | undefined;
  /** The charged gas, max(gasUsed, ⌊gasLimit/2⌋) (P2.7). */
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  readonly effectiveGasPrice: bigint;
  readonly logsBloom: Hex;
  readonly logs: readonly LogRecord[];
  /** Block and position where the transaction was sequenced. */
  readonly includedInBlock: bigint;
  readonly includedAtIndex: number;
}

export interface LogFilter {
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
  readonly addresses?: readonly Address[] | undefined;
  /** Per position: null matches anything, a list matches any of its members. */
  readonly topics?: readonly (Hex | readonly Hex[] | null)[] | undefined;
}

/** How far execution got with a transaction, up to the executed head. */
export type TransactionStatus =
  | {
      readonly state: "parked";
      readonly id: Hex;
      readonly sinceBlock: bigint;
      /** Seconds. */
      readonly expiresAt: bigint;
      /** Charged by attempts so far, and paid in for results. */
      readonly usedGas: bigint;
      readonly quoteGas: bigint;
    }
  | { readonly state: "soft"; readonly blockNumber: bigint; readonly open: readonly Hex[] }
  | { readonly state: "final"; readonly blockNumber: bigint };

/** Something transactions wait for, or that is paid for without a result. */
export interface Demand {
  readonly id: Hex;
  readonly task: Task;
  readonly job: Job;
  /** The model whose claim or result must come first; absent for trainings. */
  readonly prerequisite?: Hex | undefined;
  readonly escrowWei: bigint;
  /** What a transaction that trained and parked has put aside for it (P12.8). */
  readonly pledgedWei: bigint;
  readonly parked: readonly Hex[];
}

/** What is known about an id that was opened on L2. */
export interface JobRecord {
  readonly id: Hex;
  readonly task: Task;
  readonly job: Job;
  readonly openedInBlock: bigint;
  readonly escrowWei: bigint;
  readonly pledgedWei: bigint;
  readonly parked: readonly Hex[];
  readonly status: "open" | "claimed" | "soft" | "final" | "void" | "failed";
  /** What has failed, and in which step: itself, or what makes its model (P15.4). */
  readonly failed?: FailedRun;
  readonly claimHash?: Hex | undefined;
  readonly claimant?: Address | undefined;
  readonly resultRoot?: Hex | undefined;
  readonly output?: Hex | undefined;
  readonly overturned: boolean;
}

export interface CreditProof {
  readonly account: Address;
  readonly cumulativeWei: bigint;
  readonly index: bigint;
  readonly proof: readonly Hex[];
  readonly creditsRoot: Hex;
}

export interface WithdrawalRecord {
  readonly l2ChainId: bigint;
  readonly index: bigint;
  readonly from: Address;
  readonly to: Address;
  readonly amountWei: bigint;
}
export interface WithdrawalProof {
  readonly withdrawal: WithdrawalRecord;
  readonly leaf: Hex;
  /** 32 siblings from the leaf upwards. */
  readonly proof: readonly Hex[];
  readonly outboxRoot: Hex;
}

/** An account, and some of its storage, against a block's world root (P11.6). */
export interface StateProof {
  readonly number: bigint;
  readonly stateRoot: Hex;
  readonly account: AccountRecord;
  readonly accountProof: WorldProof;
  /** `value` is absent where the slot holds 0. */
  readonly slots: readonly {
    readonly slot: Hex;
    readonly value: Uint8Array | undefined;
    readonly proof: WorldProof;
  }[];
}

/** The roots a StateClaim states about a block (P8.1). */
export interface BlockRoots {
  readonly number: bigint;
  readonly headerHash: Hex;
  readonly stateRoot: Hex;
  readonly outboxRoot: Hex;
  readonly creditsRoot: Hex;
  readonly accountantFeesWei: bigint;
}

export type UncertaintySubject =
  | { readonly account: Address }
  | { readonly account: Address; readonly slot: Hex }
  | { readonly transaction: Hex };

/** `from` is the first block executed anew, `claims` those whose standing changed. */
export interface Rederivation {
  readonly from: bigint;
  readonly to: bigint;
  readonly claims: readonly Hex[];
}

export interface ExecutionEvents {
  executed: [{ readonly number: bigint; readonly hash: Hex; readonly receipts: readonly Receipt[] }];
  /** Executed blocks above `number` were rolled back, with these receipts. */
  retracted: [{ readonly number: bigint; readonly receipts: readonly Receipt[] }];
  /** Results whose standing changed in an executed block. */
  result: [{ readonly id: Hex; readonly claimHash: Hex; readonly standing: "soft" | "final"; readonly number: bigint }];
  rederived: [Rederivation];
  /** A transaction of an executed block met a bug of the node, and was halted for it. */
  fault: [{ readonly number: bigint; readonly transaction: Hex; readonly error: ComputationFault }];
}

/**
 * Lazy execution (2-protocol §4): every method that names a block executes up to it first, once. All answers are a pure
 * function of the blocks and of the claims overturned at the source's L1 head.
 *
 * Throws `UnknownBlockError` for blocks above the head.
 */
export interface Execution {
  readonly events: EventEmitter<ExecutionEvents>;
  /** Last block executed so far; executes nothing. */
  executedNumber(): bigint;
  /** How often state was rolled back and derived again since the store was created. */
  rederivedCount(): number;
  /** An account in the newest state already executed; executes nothing, and waits for nothing. */
  knownAccount(address: Address): AccountState;
  executeTo(block: BlockTag): Promise<bigint>;

  account(address: Address, block: BlockTag): Promise<AccountState>;
  code(address: Address, block: BlockTag): Promise<Hex>;
  storage(address: Address, slot: Hex, block: BlockTag): Promise<Hex>;
  call(
    request: CallRequest,
    block: BlockTag,
    overrides?: StateOverrides,
    blockOverrides?: BlockOverrides,
  ): Promise<CallResult>;
  /**
   * Gas limit under which the transaction succeeds, waiting for results included (7-details 20), without `dataGas`, which
   * depends on the envelope. Throws `CallFailedError` with the revert data when none does.
   */
  estimateGas(request: CallRequest, block: BlockTag, overrides?: StateOverrides): Promise<bigint>;
  createAccessList(request: CallRequest, block: BlockTag): Promise<AccessListResult>;
  /**
   * Traces of what ended in a block, in the order of its receipts, or of one transaction: empty if it did not end there.
   * Throws `TraceTooLargeError`.
   */
  traceBlock(number: bigint, options: TraceOptions, only?: Hex): Promise<readonly TransactionTrace[]>;
  traceCall(
    request: CallRequest,
    block: BlockTag,
    options: TraceOptions,
    overrides?: StateOverrides,
    blockOverrides?: BlockOverrides,
  ): Promise<unknown>;
  /** Blocks of calls on top of a block, as `run` orders them; it starts over if the block is rolled back meanwhile. */
  simulate<T>(block: BlockTag, options: SimulationOptions, run: (simulation: Simulation) => Promise<T>): Promise<T>;

  /** Executes to the source's head first; undefined while parked, skipped or unknown. */
  receipt(transactionHash: Hex): Promise<Receipt | undefined>;
  blockReceipts(number: bigint): Promise<readonly Receipt[]>;
  logs(filter: LogFilter): Promise<readonly LogRecord[]>;
  status(transactionHash: Hex): Promise<TransactionStatus | undefined>;
  /** Receipts of transactions an account appears in, block by block away from `from`, at least `count` where there are. */
  appearances(address: Address, from: bigint, direction: "before" | "after", count: number): Promise<Appeared>;
  /** Hash of the account's executed transaction with this nonce. */
  sent(address: Address, nonce: bigint): Promise<Hex | undefined>;
  /** Receipt of the transaction that created a contract. */
  creation(address: Address): Promise<Receipt | undefined>;

  /** All transactions that wait. */
  parked(): Promise<readonly Hex[]>;
  demands(): Promise<readonly Demand[]>;
  jobs(): Promise<readonly JobRecord[]>;
  job(id: Hex): Promise<JobRecord | undefined>;
  /** Bytes of an inference input by tensor root, so that executors can be served. */
  inputBytes(root: Hex): Promise<Uint8Array | undefined>;
  /** Compute balance that `withdrawCompute` pays out. */
  computeBalance(account: Address, block: BlockTag): Promise<bigint>;

  /** Cumulative credit earned, redeemed or not. */
  credit(account: Address, block: BlockTag): Promise<bigint>;
  creditProof(account: Address, block: BlockTag): Promise<CreditProof | undefined>;
  withdrawalProof(index: bigint, block: BlockTag): Promise<WithdrawalProof | undefined>;
  withdrawals(account?: Address): Promise<readonly (WithdrawalRecord & { readonly blockNumber: bigint })[]>;
  stateRoot(block: BlockTag): Promise<Hex>;
  stateProof(address: Address, slots: readonly Hex[], block: BlockTag): Promise<StateProof>;
  roots(block: BlockTag): Promise<BlockRoots>;
  accountantFeesWei(block: BlockTag): Promise<bigint>;
  uncertainty(subject: UncertaintySubject): Promise<readonly Hex[]>;
  close(): Promise<void>;
}
