import type { Hex } from "viem";
import { chainSource } from "../../../../l2-node/execution/chain-source.ts";
import { LazyExecution } from "../../../../l2-node/execution/lazy.ts";
import { startRpcServer } from "../../../../l2-node/rpc/server.ts";
import { follow, testNode } from "../../../support/node.ts";
import { chainFileOf, freeL1, publishedBlocks, translator } from "./chain.ts";

/** A node with the published chain, and how it names the published blocks. */
export async function startCompat(folder: string) {
  const l1 = freeL1();
  const file = chainFileOf(folder, l1.chainFile());
  const { chain, mempool, store } = testNode(file);
  const { genesisHash, blocks } = publishedBlocks(folder);
  const hashes = new Map<Hex, Hex>([[genesisHash, file.genesis.hash]]);
  for (const { hash, over } of blocks) {
    const built = over(chain.head(), file);
    chain.append(built);
    hashes.set(hash, built.block.hash);
  }
  // The published client holds its head for safe and finalized.
  const head = chain.head();
  store.l1.putBatch({
    batch: 1n,
    firstNumber: 1n,
    lastNumber: head.header.number,
    lastHash: head.hash,
    l1Block: 1n,
    l1Transaction: head.hash,
  });
  follow(chain, l1, l1.head.number);
  const execution = new LazyExecution({ path: ":memory:" }, { source: chainSource(chain) });
  const faults: unknown[] = [];
  const server = await startRpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      context: { chain, mempool, execution, clientVersion: "anh/test", limits: { maxLogBlocks: 100n, maxLogs: 1000 } },
      routers: [],
      onFault: (error) => faults.push(error),
    },
  );
  const ask = async (request: string): Promise<unknown> => {
    const response = await fetch(server.url, { method: "POST", body: request });
    return response.json();
  };
  const stop = async () => {
    await server.close();
    await execution.close();
    store.close();
  };
  return { chain, execution, faults, ask, stop, translate: translator(hashes) };
}
