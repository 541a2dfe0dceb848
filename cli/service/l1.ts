import type { PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { shownUrl } from "../../common/trouble.ts";

/** Throws unless the L1 that the chain file is about answers at `url`. */
export async function checkL1(client: PublicClient, { l1ChainId }: ChainFile, url: string): Promise<void> {
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
  const hint =
    "its L1 was started anew, or the chain file is another chain's: take the chain.json of the chain that runs";
  if (origin?.hash !== hash)
    throw new AnhError("wrong-l1", `L1 at ${shownUrl(url)} does not hold the block that the chain began on`, {
      expected: `block ${number} ${hash}`,
      actual: origin?.hash ?? "no such block",
      hint,
    });
  if (code === undefined)
    throw new AnhError("wrong-l1", `L1 at ${shownUrl(url)} has no contract at ${contracts.resultClaims}`, {
      expected: "ResultClaims of the chain file",
      actual: "no code",
      hint,
    });
}
