import type { Address, Hex } from "viem";
import type { Task } from "../../common/task.ts";

/** What L1 stores of a reservation (P6.2); block and times 0 where it did not happen. */
export type Reservation = {
  readonly reserver: Address;
  readonly firstBlock: bigint;
  readonly reservedAt: bigint;
  readonly seedFixedAt: bigint;
  readonly seed: Hex;
  /** Three reservations lapsed: whoever commits may claim. */
  readonly openToAll: boolean;
};

/** What L1 stores of the delivery whose bond is locked for an id (P13.2); zeros where there is none. */
export type Delivery = {
  readonly claimant: Address;
  readonly l1Block: bigint;
  /** Deliveries of the id so far. */
  readonly count: number;
  /** Its claim is open, final or overturned. */
  readonly claimed: boolean;
  readonly seedFixedAt: bigint;
  readonly commitment: Hex;
  readonly seed: Hex;
};

export type CommissionView = {
  readonly delivery: Delivery;
  /** Who alone may deliver, once; zero: anybody. */
  readonly deliverer: Address;
  /** Own deliveries of the id so far. */
  readonly tries: number;
  /** What the own delivery that waits holds is at hand. */
  readonly opened: boolean;
};

/** The open or final claim of an id. */
export type LiveClaim = {
  readonly claimHash: Hex;
  readonly claimant: Address;
  readonly status: number;
  /** Whether `finalize` would succeed now. */
  readonly finalizable: boolean;
  /** Its job is void. */
  readonly isVoid: boolean;
  /** The claim it consumed was overturned, sunk or void. */
  readonly consumedLost: boolean;
};

/** What an executor has done for a task in this process. A restart forgets it and loses nothing but work. */
export type Work =
  | { readonly state: "none" }
  | { readonly state: "running" }
  /** A result for this seed and consumed claim is ready. `commitment` is what a seedless claim is bound by. */
  | {
      readonly state: "ready";
      readonly claimHash: Hex;
      readonly committedAtBlock: bigint | undefined;
    }
  | { readonly state: "failed" };

/** Whether what a task needs is at hand and was tried; asked before a bond is put at stake for it. */
export type Ground = "none" | "busy" | "sound" | "unsound";

/** Everything that decides the next move for one task: read from L1, nothing remembered. */
export type ExecutorView = {
  readonly me: Address;
  readonly task: Task;
  /** Of the newest L1 block. */
  readonly nowSeconds: bigint;
  readonly l1Block: bigint;
  readonly clocks: {
    readonly l1BlockMs: bigint;
    readonly minWindowSeconds: bigint;
    readonly answerSeconds: bigint;
    readonly seedDelayBlocks: bigint;
    readonly reserveSeconds: bigint;
    readonly airgapSeconds: bigint;
  };
  readonly live: LiveClaim | undefined;
  readonly reservation: Reservation;
  /** Of a commission only: reservations are not for them. */
  readonly commission: CommissionView | undefined;
  /** When the id's last claim was overturned; 0: never. */
  readonly overturnedAt: bigint;
  /** Last L1 second at which a claim can be made: the task's own deadline, or later (P6.9). */
  readonly deadline: bigint;
  /** Live claim of the model; undefined where there is none (yet), and for trainings. */
  readonly consumed: Hex | undefined;
  readonly ground: Ground;
  readonly work: Work;
};
