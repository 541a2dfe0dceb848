import { type Hex, keccak256, numberToHex, type PublicClient, toRlp } from "viem";
import { AnhError } from "../../common/errors.ts";

/** An L1 block whose JSON does not give its hash: a fork with other header fields, or a lying provider. */
export class L1HeaderError extends AnhError {}

/** RLP of an L1 header as `eth_getBlockByNumber` describes it, checked against its hash. */
export async function l1HeaderRlp(l1: PublicClient, blockNumber: bigint): Promise<Hex> {
  const block = (await l1.request({
    method: "eth_getBlockByNumber",
    params: [numberToHex(blockNumber), false],
  })) as Record<string, Hex> | null;
  if (block === null) throw new L1HeaderError("l1-header", `L1 does not show block ${blockNumber}`);
  const rlp = toRlp(headerFields(block));
  const hash = keccak256(rlp);
  if (hash !== block.hash)
    throw new L1HeaderError("l1-header", `the header of L1 block ${blockNumber} does not give its hash`, {
      expected: block.hash,
      actual: hash,
      hint: "a fork newer than Osaka adds header fields: this version does not know them",
    });
  return rlp;
}

/** In the order of the header's RLP; the later ones exist from London, Shanghai, Cancun and Prague on. */
function headerFields(block: Record<string, Hex | undefined>): Hex[] {
  const numberOf = (field: Hex | undefined): Hex | undefined =>
    field === undefined ? undefined : BigInt(field) === 0n ? "0x" : numberToHex(BigInt(field));
  const fields = [
    block.parentHash,
    block.sha3Uncles,
    block.miner,
    block.stateRoot,
    block.transactionsRoot,
    block.receiptsRoot,
    block.logsBloom,
    numberOf(block.difficulty),
    numberOf(block.number),
    numberOf(block.gasLimit),
    numberOf(block.gasUsed),
    numberOf(block.timestamp),
    block.extraData,
    block.mixHash,
    block.nonce,
    numberOf(block.baseFeePerGas),
    block.withdrawalsRoot,
    numberOf(block.blobGasUsed),
    numberOf(block.excessBlobGas),
    block.parentBeaconBlockRoot,
    block.requestsHash,
  ];
  return fields.filter((field) => field !== undefined);
}
