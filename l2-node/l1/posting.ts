import { encodeFunctionData, type Hex, type PublicClient } from "viem";
import { anchoredBatchDigest } from "../../common/anchored-batch.ts";
import { batchDataRoot } from "../../common/batch.ts";
import { blobsDataRoot, MAX_BLOB_DATA_BYTES } from "../../common/blob.ts";
import { hexOf } from "../../common/bytes.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import { encodeHeader } from "../../common/header.ts";
import { signDigest } from "../../common/signature.ts";
import type { Block } from "../chain/block.ts";
import type { Chain } from "../chain/chain.ts";
import { batchData } from "./batch-data.ts";
import { type BatchLimits, batchOf } from "./batch-room.ts";
import { blobsWei, calldataWei } from "./data-cost.ts";
import type { Kzg } from "./kzg.ts";
import type { L1Call } from "./sender.ts";
import { sidecarOf } from "./sidecar.ts";

export interface PostingOptions extends BatchLimits {
  /** The sequencer's: it signs each batch. */
  readonly privateKey: Hex;
  /** Where data are posted: as calldata, in blobs, or each time where it costs less. */
  readonly data: "calldata" | "blobs" | "cheaper";
}

export interface PostingModules {
  readonly client: PublicClient;
  readonly chain: Chain;
  readonly kzg: Kzg;
}

/** Blocks that one L1 transaction anchors, and the call that does. */
export interface Posting {
  readonly blocks: readonly Block[];
  readonly call: L1Call;
}

/** L1's nodes keep blobs for 18 days: blocks whose state nobody has claimed for so long must stay readable (P3.4). */
const MAX_UNCLAIMED_SECONDS = 10n * 86_400n;

/** The batch that follows block `after`; undefined where nothing was sealed since. */
export async function nextPosting(
  options: PostingOptions,
  modules: PostingModules,
  after: bigint,
): Promise<Posting | undefined> {
  const fitting = (maxBatchBytes: number) => batchOf(sealedAfter(modules.chain, after), { ...options, maxBatchBytes });
  const blocks = fitting(options.maxBatchBytes);
  if (blocks.length === 0) return undefined;
  if (options.data === "calldata") return asCalldata(blocks, false, options, modules);
  const latest = await modules.client.getBlock({ blockTag: "latest" });
  const mustStay = (await unclaimedSeconds(latest.timestamp, modules)) >= MAX_UNCLAIMED_SECONDS;
  if (!mustStay && (await goesInBlobs(blocks, latest.baseFeePerGas ?? 0n, options, modules)))
    return inBlobs(fitting(MAX_BLOB_DATA_BYTES), options, modules);
  return asCalldata(blocks, mustStay, options, modules);
}

function asCalldata(
  blocks: readonly Block[],
  isUrgent: boolean,
  { privateKey }: PostingOptions,
  { chain }: PostingModules,
): Posting {
  const data = batchData(blocks);
  const { headers, signature } = signed(blocks, batchDataRoot(data), privateKey, chain);
  const args = [headers, signature, hexOf(data)] as const;
  const call = callOf(chain, encodeFunctionData({ abi: headerAnchorAbi, functionName: "anchor", args }));
  return { blocks, call: { ...call, isUrgent } };
}

async function inBlobs(
  blocks: readonly Block[],
  { privateKey }: PostingOptions,
  { chain, kzg }: PostingModules,
): Promise<Posting> {
  const sidecar = await sidecarOf(batchData(blocks), kzg);
  const { headers, signature } = signed(blocks, blobsDataRoot(sidecar.versionedHashes), privateKey, chain);
  const args = [headers, signature] as const;
  const data = encodeFunctionData({ abi: headerAnchorAbi, functionName: "anchorBlobs", args });
  return { blocks, call: { ...callOf(chain, data), sidecar } };
}

const callOf = ({ file }: Chain, data: Hex): L1Call => ({ to: file.contracts.headerAnchor, data });

function signed(blocks: readonly Block[], dataRoot: Hex, privateKey: Hex, { file }: Chain) {
  const { l1ChainId, l2ChainId, contracts } = file;
  const [first, last] = [blocks[0] as Block, blocks.at(-1) as Block];
  const digest = anchoredBatchDigest(
    { l1ChainId, headerAnchor: contracts.headerAnchor, l2ChainId },
    { firstNumber: first.header.number, lastNumber: last.header.number, lastHash: last.hash, dataRoot },
  );
  return {
    headers: blocks.map(({ header }) => hexOf(encodeHeader(header))),
    signature: signDigest(digest, privateKey),
  };
}

async function goesInBlobs(
  blocks: readonly Block[],
  baseFeeWei: bigint,
  { data }: PostingOptions,
  { client }: PostingModules,
): Promise<boolean> {
  if (data !== "cheaper") return data === "blobs";
  const blobBaseFeeWei = await client.getBlobBaseFee().catch(() => undefined);
  if (blobBaseFeeWei === undefined) return false; // an endpoint without blobs must not keep blocks from L1
  const fees = { baseFeeWei, blobBaseFeeWei };
  const bytes = batchData(blocks);
  return blobsWei(bytes, fees) < calldataWei(bytes, blocks.length, fees);
}

/** Age of the oldest block whose state nobody has claimed on L1. */
async function unclaimedSeconds(now: bigint, { client, chain }: PostingModules): Promise<bigint> {
  const contract = { address: chain.file.contracts.stateClaims, abi: stateClaimsAbi } as const;
  const lastPosted = await client.readContract({ ...contract, functionName: "lastPosted" });
  const oldest = chain.store.blocks.block(lastPosted + 1n);
  return oldest === undefined ? 0n : now - oldest.header.timestamp;
}

function* sealedAfter({ store }: Chain, last: bigint): Generator<Block> {
  for (let number = last + 1n; ; number++) {
    const block = store.blocks.block(number);
    if (!block?.sealedHere) return;
    yield block;
  }
}
