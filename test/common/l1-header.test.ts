import { readFileSync } from "node:fs";
import { formatBlock, type RpcBlock } from "viem";
import { describe, expect, it } from "vitest";
import { headerOf } from "../../common/l1-header.ts";

const FORKS = ["london", "merge", "shanghai", "cancun", "prague"] as const;

/** A block as Ethereum's published JSON-RPC tests have it. */
function published(fork: (typeof FORKS)[number]): RpcBlock {
  const folder = new URL("../vectors/rpc-compat/eth_getBlockByNumber/", import.meta.url);
  const lines = readFileSync(new URL(`get-block-${fork}-fork.io`, folder), "utf8").split("\n");
  const answer = lines.find((line) => line.startsWith("<< "))!;
  return JSON.parse(answer.slice(3)).result;
}
const read = (shown: object) => headerOf(formatBlock(shown as RpcBlock));

describe("an L1 block", () => {
  it.each(FORKS)("of %s is what its hash says", (fork) => {
    const { hash, parentHash, mixHash, timestamp } = published(fork);
    expect(read(published(fork))).toMatchObject({ hash, parentHash, mixHash, timestamp: BigInt(timestamp) });
  });

  it("with another value, or without its last one, is not", () => {
    const { requestsHash, ...older } = published("prague") as RpcBlock & { requestsHash: string };
    expect(requestsHash).toBeDefined();
    for (const shown of [older, { ...published("prague"), timestamp: "0x1" }])
      expect(() => read(shown)).toThrow("is not what its hash says");
  });

  it("with a value under the name behind its own is refused, though its bytes hash rightly", () => {
    const { parentBeaconBlockRoot, ...rest } = published("cancun") as RpcBlock & { parentBeaconBlockRoot: string };
    expect(parentBeaconBlockRoot).toBeDefined();
    expect(() => read({ ...rest, requestsHash: parentBeaconBlockRoot })).toThrow("has no parentBeaconBlockRoot");
  });

  it.each(["parentHash", "mixHash", "extraData"])("without its %s is refused by name", (name) => {
    expect(() => read({ ...published("prague"), [name]: undefined })).toThrow(`has no ${name}`);
  });
});
