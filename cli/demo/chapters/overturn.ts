import type { Hex } from "viem";
import { AnhError } from "../../../common/errors.ts";
import { until } from "../../stack/until.ts";
import type { Cast } from "../cast.ts";

const OVERTURN_MS = 120_000;

/** Hashes of all L2 blocks up to the head. */
export async function blockHashes({ l2 }: Cast): Promise<Hex[]> {
  const head = await l2.client.getBlockNumber();
  const numbers = Array.from({ length: Number(head) + 1 }, (_, i) => BigInt(i));
  return Promise.all(numbers.map(async (blockNumber) => (await l2.client.getBlock({ blockNumber })).hash as Hex));
}

export interface Overturn {
  readonly rederived: boolean;
  readonly blocksChanged: number;
}

/** Waits until the lie is proven on L1 and the soft state was derived anew; counts the blocks that differ from before. */
export async function awaitOverturn(cast: Cast, modelB: Hex, before: readonly Hex[]): Promise<Overturn> {
  const { l2, teller } = cast;
  await until("the challenger proved the lie on L1", OVERTURN_MS, async () => {
    const job = await l2.job(modelB).catch(() => null);
    if (job?.status === "final" && !job.overturned)
      throw new AnhError("lie-final", "the lie became final: the challenger was not through when the window ended", {
        expected: "an overturned claim",
        actual: job.claimHash,
        hint: "this machine is too slow or too busy for the demo's short windows; run it again with less beside it",
      });
    return job?.overturned;
  });
  const { count } = await until("the soft state was derived anew", OVERTURN_MS, async () => {
    const rederivations = await l2.request<{ count: number }>("anh_getRederivations").catch(() => null);
    return rederivations !== null && rederivations.count > 0 ? rederivations : null;
  });
  const after = (await blockHashes(cast)).slice(0, before.length);
  const blocksChanged = before.filter((hash, i) => hash !== after[i]).length;
  teller.tell(
    "rederived",
    { rederivations: count, blocksCompared: before.length, blocksChanged },
    `the lie was proven on L1; state that used it was derived anew, and ${blocksChanged} of ${before.length} blocks changed`,
  );
  return { rederived: true, blocksChanged };
}
