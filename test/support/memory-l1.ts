import { encodeBatch } from "../../common/batch.ts";
import { encodeHeader } from "../../common/header.ts";
import { keccakHex } from "../../common/keccak.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { encodeBody, firstInboxHash, type Message, nextInboxHash } from "../../common/message.ts";
import { type Block, postedOf } from "../../l2-node/chain/block.ts";
import type { L1Batch, L1Message, L1Step } from "../../l2-node/l1/step.ts";
import { testChainFile } from "./chain-file.ts";
import { TEST_CHAIN_ID } from "./transactions.ts";

interface Posted {
  readonly blocks: readonly Block[];
  /** Other bytes than the blocks' own. */
  readonly headers?: readonly Uint8Array[];
  readonly data?: Uint8Array;
}

/** What L1 would log, without an L1: blocks every `seconds`, messages and batches mined where the test says. */
export class MemoryL1 {
  readonly headers: L1Header[] = [];
  readonly messages: L1Message[] = [];
  readonly batches: L1Batch[] = [];
  /** Of the blocks mined next. */
  baseFeeWei = 1_000_000n;
  readonly #seconds: bigint;
  #fork = 0;

  constructor(seconds = 2n) {
    this.#seconds = seconds;
    this.mine();
    this.mine();
  }

  get head(): L1Header {
    return this.headers.at(-1) as L1Header;
  }

  /** The chain whose genesis stands on block 1. */
  chainFile() {
    const origin = this.headers[1] as L1Header;
    return testChainFile(origin.hash, origin.timestamp);
  }

  /** The next block, with these messages and batches in it. */
  mine(messages: readonly Message[] = [], batches: readonly Posted[] = []): void {
    const number = BigInt(this.headers.length);
    const parentHash = this.headers.at(-1)?.hash ?? keccakHex(Buffer.from("before"));
    const hash = keccakHex(Buffer.from(`l1 ${number} ${this.#fork} ${parentHash}`));
    const mixHash = keccakHex(Buffer.from(`mix ${hash}`));
    const timestamp = 1_700_000_000n + this.#seconds * number;
    this.headers.push({ number, hash, parentHash, timestamp, baseFeeWei: this.baseFeeWei, mixHash });
    for (const message of messages) this.#queue(message, number);
    for (const posted of batches) this.#anchor(posted, number);
  }

  /** Replaces everything above block `number` by nothing; what is mined next differs. */
  fork(number: bigint): void {
    this.#fork++;
    const keep = ({ l1Block }: { l1Block: bigint }) => l1Block <= number;
    this.headers.splice(Number(number) + 1);
    this.messages.splice(0, this.messages.length, ...this.messages.filter(keep));
    this.batches.splice(0, this.batches.length, ...this.batches.filter(keep));
  }

  /** What a follower that has read up to block `from` reads next. */
  stepFrom(from: bigint, finalizedNumber = 0n): L1Step {
    const isNew = ({ l1Block }: { l1Block: bigint }) => l1Block > from;
    return {
      head: this.head,
      finalizedNumber,
      messages: this.messages.filter(isNew),
      batches: this.batches.filter(isNew),
      origins: this.headers.slice(Number(from)),
    };
  }

  #queue(message: Message, l1Block: bigint): void {
    const body = encodeBody(message);
    const before = this.messages.at(-1)?.hash ?? firstInboxHash(TEST_CHAIN_ID, this.chainFile().contracts.inbox);
    const hash = nextInboxHash(before, message.kind, body);
    this.messages.push({ index: BigInt(this.messages.length), kind: message.kind, body, hash, l1Block });
  }

  #anchor({ blocks, headers = blocks.map(({ header }) => encodeHeader(header)), data }: Posted, l1Block: bigint): void {
    const firstNumber = (blocks[0] as Block).header.number;
    this.batches.push({
      batch: BigInt(this.batches.length) + 1n,
      firstNumber,
      lastNumber: firstNumber + BigInt(headers.length) - 1n,
      lastHash: keccakHex(headers.at(-1) as Uint8Array),
      l1Block,
      l1Transaction: keccakHex(Buffer.from(`batch ${this.batches.length}`)),
      // Copies: small Buffers keep a pool of 8 KiB, and this is kept for good.
      headers: headers.map((header) => new Uint8Array(header)),
      data: new Uint8Array(data ?? encodeBatch(blocks.map((block) => postedOf(block).map(({ raw }) => raw)))),
    });
  }
}
