import { createPublicClient, http, type PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { BEGUN_ANEW } from "../../common/l1-errors.ts";
import { shownUrl } from "../../common/trouble.ts";

/** Throws unless the L1 of that chain answers at `url`. */
export async function checkL1(
  client: PublicClient,
  { l1ChainId }: Pick<ChainFile, "l1ChainId">,
  url: string,
): Promise<void> {
  const found = await client.getChainId().catch((cause) => {
    throw new AnhError("l1-unavailable", `no L1 node answers at ${shownUrl(url)}`, {
      cause,
      hint: "name one with --l1-url",
    });
  });
  if (BigInt(found) !== l1ChainId)
    throw new AnhError("wrong-l1", `${shownUrl(url)} is another chain than the L1 of the chain file`, {
      expected: `chain ${l1ChainId}`,
      actual: `chain ${found}`,
      hint: "is it the L2's URL? --l1-url and --node-url are easily confused",
    });
}

/** Throws unless the chain's contracts stand on that L1: one that was started anew has the old one's chain id. */
export async function checkDeployed(
  client: PublicClient,
  { contracts, genesis }: ChainFile,
  url: string,
): Promise<void> {
  const { number, hash } = genesis.header.origin;
  const [origin, code] = await Promise.all([
    client.getBlock({ blockNumber: number }).catch(() => undefined),
    client.getCode({ address: contracts.resultClaims }),
  ]);
  if (origin?.hash !== hash)
    throw new AnhError("wrong-l1", `L1 at ${shownUrl(url)} does not hold the block that the chain began on`, {
      expected: `block ${number} ${hash}`,
      actual: origin?.hash ?? "no such block",
      hint: BEGUN_ANEW,
    });
  if (code === undefined)
    throw new AnhError("wrong-l1", `L1 at ${shownUrl(url)} has no contract at ${contracts.resultClaims}`, {
      expected: "ResultClaims of the chain file",
      actual: "no code",
      hint: BEGUN_ANEW,
    });
}

/** Each that answers must be this chain's L1; services do without those that do not answer as long as one does. */
export async function firstThatAnswers(urls: readonly string[], chain: ChainFile): Promise<PublicClient> {
  const answering: PublicClient[] = [];
  let dead: unknown;
  for (const url of urls) {
    const client = createPublicClient({ transport: http(url, { retryCount: 0 }), cacheTime: 0 });
    try {
      await checkL1(client, chain, url);
    } catch (error) {
      if (!(error instanceof AnhError) || error.code !== "l1-unavailable") throw error;
      dead ??= error;
      continue;
    }
    await checkDeployed(client, chain, url);
    answering.push(client);
  }
  const [first] = answering;
  if (first === undefined) throw dead;
  return first;
}
