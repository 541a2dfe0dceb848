import { type Address, decodeAbiParameters, encodeAbiParameters, type Hex, parseAbiParameters } from "viem";
import { lower } from "./addresses.ts";
import { bytesOfHex, concatBytes } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { keccak, keccakHex } from "./keccak.ts";

/** A kind the protocol does not know: the Inbox is newer than this node. */
export class MessageError extends AnhError {}

export const MESSAGE_KIND = {
  gasDeposit: 1,
  ethDeposit: 2,
  claimed: 3,
  overturned: 4,
  final: 5,
  settled: 6,
  forcedEnvelope: 7,
  forcedCall: 8,
  voided: 9,
} as const;

/** Inbox messages (P1.4). Addresses are lower case. */
export type Message =
  | { readonly kind: 1; readonly account: Address; readonly amountWei: bigint }
  | { readonly kind: 2; readonly from: Address; readonly to: Address; readonly amountWei: bigint }
  | ClaimedMessage
  | OverturnedMessage
  | { readonly kind: 5; readonly id: Hex; readonly claimHash: Hex }
  | { readonly kind: 6; readonly number: bigint; readonly stateRoot: Hex; readonly creditsRoot: Hex }
  | ForcedEnvelopeMessage
  | ForcedCallMessage
  /** `graph`: 1 train, 2 infer, 3 evaluate. */
  | { readonly kind: 9; readonly modelId: Hex; readonly graph: number };

/** A signed L2 transaction, whoever brought it; the lane on L1 was paid for `gasLimit`. */
export interface ForcedEnvelopeMessage {
  readonly kind: 7;
  readonly envelope: Hex;
  readonly gasLimit: bigint;
}

/** A call by an L1 account, or by a contract's alias; its gas is paid, `mintWei` is L2 balance of `from` before it runs. */
export interface ForcedCallMessage {
  readonly kind: 8;
  readonly from: Address;
  readonly to: Address;
  readonly mintWei: bigint;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
  readonly priceWei: bigint;
  readonly data: Hex;
}

/** Overturned, or sunk with the claim it consumed. */
export interface OverturnedMessage {
  readonly kind: 4;
  readonly id: Hex;
  readonly claimHash: Hex;
  /** L1 seconds during which lost claims, this one included, have held the id: so much later is its deadline (P6.9). */
  readonly lostSeconds: bigint;
}

export interface ClaimedMessage {
  readonly kind: 3;
  readonly id: Hex;
  readonly claimHash: Hex;
  readonly claimant: Address;
  readonly resultRoot: Hex;
  readonly soft: boolean;
  readonly consumed: readonly Hex[];
  readonly output: Hex;
  /** Steps up to the one that failed (P15); 0: none did. */
  readonly failedSteps: number;
}

const gasDeposit = parseAbiParameters("address account, uint256 amountWei");
const ethDeposit = parseAbiParameters("address from, address to, uint256 amountWei");
const claimed = parseAbiParameters(
  "bytes32 id, bytes32 claimHash, address claimant, bytes32 resultRoot, bool soft, bytes32[] consumed, bytes output, uint32 failedSteps",
);
const overturned = parseAbiParameters("bytes32 id, bytes32 claimHash, uint64 lostSeconds");
const idAndClaim = parseAbiParameters("bytes32 id, bytes32 claimHash");
const settled = parseAbiParameters("uint64 number, bytes32 stateRoot, bytes32 creditsRoot");
const forcedEnvelope = parseAbiParameters("bytes envelope, uint64 gasLimit");
const forcedCall = parseAbiParameters(
  "address from, address to, uint256 mintWei, uint256 valueWei, uint64 gasLimit, uint256 priceWei, bytes data",
);
const voided = parseAbiParameters("bytes32 modelId, uint8 graph");
const envelope = parseAbiParameters("uint8 kind, bytes body");

export function encodeBody(message: Message): Hex {
  switch (message.kind) {
    case 1:
      return encodeAbiParameters(gasDeposit, [message.account, message.amountWei]);
    case 2:
      return encodeAbiParameters(ethDeposit, [message.from, message.to, message.amountWei]);
    case 3: {
      const { id, claimHash, claimant, resultRoot, soft, consumed, output, failedSteps } = message;
      return encodeAbiParameters(claimed, [id, claimHash, claimant, resultRoot, soft, consumed, output, failedSteps]);
    }
    case 4:
      return encodeAbiParameters(overturned, [message.id, message.claimHash, message.lostSeconds]);
    case 5:
      return encodeAbiParameters(idAndClaim, [message.id, message.claimHash]);
    case 6:
      return encodeAbiParameters(settled, [message.number, message.stateRoot, message.creditsRoot]);
    case 7:
      return encodeAbiParameters(forcedEnvelope, [message.envelope, message.gasLimit]);
    case 8: {
      const { from, to, mintWei, valueWei, gasLimit, priceWei, data } = message;
      return encodeAbiParameters(forcedCall, [from, to, mintWei, valueWei, gasLimit, priceWei, data]);
    }
    case 9:
      return encodeAbiParameters(voided, [message.modelId, message.graph]);
  }
}

/** Throws `MessageError` for an unknown kind; bodies come from our own contracts and always decode. */
export function decodeMessage(kind: number, body: Hex): Message {
  switch (kind) {
    case 1: {
      const [account, amountWei] = decodeAbiParameters(gasDeposit, body);
      return { kind, account: lower(account), amountWei };
    }
    case 2: {
      const [from, to, amountWei] = decodeAbiParameters(ethDeposit, body);
      return { kind, from: lower(from), to: lower(to), amountWei };
    }
    case 3: {
      const [id, claimHash, claimant, resultRoot, soft, consumed, output, failedSteps] = decodeAbiParameters(
        claimed,
        body,
      );
      return { kind, id, claimHash, claimant: lower(claimant), resultRoot, soft, consumed, output, failedSteps };
    }
    case 4: {
      const [id, claimHash, lostSeconds] = decodeAbiParameters(overturned, body);
      return { kind, id, claimHash, lostSeconds };
    }
    case 5: {
      const [id, claimHash] = decodeAbiParameters(idAndClaim, body);
      return { kind, id, claimHash };
    }
    case 6: {
      const [number, stateRoot, creditsRoot] = decodeAbiParameters(settled, body);
      return { kind, number, stateRoot, creditsRoot };
    }
    case 7: {
      const [bytes, gasLimit] = decodeAbiParameters(forcedEnvelope, body);
      return { kind, envelope: bytes, gasLimit };
    }
    case 8: {
      const [from, to, mintWei, valueWei, gasLimit, priceWei, data] = decodeAbiParameters(forcedCall, body);
      return { kind, from: lower(from), to: lower(to), mintWei, valueWei, gasLimit, priceWei, data };
    }
    case 9: {
      const [modelId, graph] = decodeAbiParameters(voided, body);
      return { kind, modelId, graph };
    }
    default:
      throw new MessageError("message-kind", `unknown inbox message kind ${kind}`, {
        expected: "1 … 9",
        actual: kind,
        hint: "update the node",
      });
  }
}

/** hash₀ of an Inbox (P1.1). */
export const firstInboxHash = (l2ChainId: bigint, inbox: Address): Hex =>
  keccakHex(bytesOfHex(encodeAbiParameters(parseAbiParameters("uint256, address"), [l2ChainId, inbox])));

/** hash_{i+1} = keccak(hash_i ‖ keccak(abi(kind, body))) (P1.1). */
export const nextInboxHash = (hash: Hex, kind: number, body: Hex): Hex =>
  keccakHex(concatBytes(bytesOfHex(hash), keccak(bytesOfHex(encodeAbiParameters(envelope, [kind, body])))));
