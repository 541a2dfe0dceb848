// Executors and challengers on an L1 that forks under them: what they did may be undone, and then they do it again.
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { type ForkingL1, startForkingL1 } from "../../support/forking-l1.ts";
import { TEST_CLOCKS } from "../../support/l1.ts";
import { type Random, seededRandom } from "../../support/random.ts";
import { liar, openStageOn, seen } from "../../support/service-stage.ts";
import { until } from "../../support/until.ts";

const FORKS = process.env.ANH_LONG === undefined ? 0 : 20;
const WINDOW_SECONDS = 3600;
/** Its blocks are a second apart and come 20 times as fast: nobody is late because the machine is slow. */
const CLOCKS = { ...TEST_CLOCKS, answerSeconds: 3000, challengerSeconds: 3000, reserveSeconds: 3600 };

const random: Random = seededRandom(17);
let stage: Awaited<ReturnType<typeof openStageOn<ForkingL1>>>;
beforeAll(async () => {
  stage = await openStageOn(() => startForkingL1(random, CLOCKS));
});
afterEach(() => stage.stopAll());
afterAll(() => stage?.close());

const all = (events: readonly ServiceEvent[], name: string) => events.filter(({ event }) => event === name);
const seenTwice = (events: readonly ServiceEvent[], name: string) => until(() => all(events, name)[1]);
const statusOf = async (claimHash: unknown) => {
  const contract = { address: stage.l1.chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  const call = { ...contract, functionName: "claimOf", args: [claimHash as Hex] } as const;
  return (await stage.l1.client.readContract(call)).status;
};

/** Whether the claim that there is of a task is final; lets its window pass. What a fork took is claimed again later. */
async function isFinal(id: Hex): Promise<true | undefined> {
  const contract = { address: stage.l1.chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  const hash = await stage.l1.client.readContract({ ...contract, functionName: "liveClaim", args: [id] });
  const claim = await stage.l1.client.readContract({ ...contract, functionName: "claimOf", args: [hash] });
  if (claim.status === CLAIM_STATUS.final) return true;
  const { timestamp } = await stage.l1.client.getBlock();
  if (claim.status === CLAIM_STATUS.open && claim.windowEnd >= timestamp)
    await stage.l1.warp(Number(claim.windowEnd - timestamp) + 1);
  return undefined;
}

/** L1 goes on from the block before the one in which a service says that this happened. */
const undo = ({ l1Block }: ServiceEvent) => stage.l1.undo(l1Block as bigint);

describe("a fork of L1", () => {
  it("between claim and challenge: the claim is made again, answered for, and proved wrong", async () => {
    const task = stage.job({ windowSeconds: WINDOW_SECONDS });
    const lying = await stage.execute("liar", task, liar("next_weight0"), (overturned) => !overturned);
    const claimed = await seen(lying.events, "claimed");
    await undo(claimed);
    const again = await seenTwice(lying.events, "claimed");
    expect(again.claimHash).toBe(claimed.claimHash);
    const events = stage.watch();
    expect(await seen(events, "proved")).toMatchObject({ claimHash: claimed.claimHash, step: 5, element: 3 });
    // Without step roots the claimant had to open a segment: it knows its claim again.
    expect(all(lying.events, "answered").length).toBeGreaterThan(0);
  });

  it("that takes a challenge: it is made again, and the proof after it", async () => {
    const task = stage.job({ stepRoots: true, windowSeconds: WINDOW_SECONDS });
    await stage.execute("liar", task, liar("next_weight0"), (overturned) => !overturned);
    const events = stage.watch();
    await undo(await seen(events, "challenged"));
    await seenTwice(events, "challenged");
    const proved = await seen(events, "proved");
    expect(await statusOf(proved.claimHash)).toBe(CLAIM_STATUS.overturned);
  });

  it("that takes the proof: it is proved again, and the reward collected", async () => {
    const task = stage.job({ stepRoots: true, windowSeconds: WINDOW_SECONDS });
    const lying = await stage.execute("liar", task, liar("next_weight0"), (overturned) => !overturned);
    const events = stage.watch();
    const proved = await seen(events, "proved");
    await seen(lying.events, "given-up");
    await undo(proved);
    await seenTwice(events, "proved");
    await until(() => all(events, "collected").find(({ claimHash }) => claimHash === proved.claimHash));
    expect(await statusOf(proved.claimHash)).toBe(CLAIM_STATUS.overturned);
  });

  it("that takes the end of an honest claim: it ends again", async () => {
    const task = stage.job({ windowSeconds: WINDOW_SECONDS });
    const { events } = await stage.execute("executor", task, honestSteps(1));
    const { claimHash } = await seen(events, "claimed");
    await stage.l1.warp(WINDOW_SECONDS + 1);
    await undo(await seen(events, "finalized"));
    await stage.l1.warp(WINDOW_SECONDS + 1);
    await seenTwice(events, "finalized");
    await until(async () => ((await statusOf(claimHash)) === CLAIM_STATUS.final ? true : undefined));
  });
});

it.runIf(FORKS > 0)(
  `${FORKS} random forks under a lie and honest claims: the lie falls, the others end`,
  async () => {
    const [wrong, right, seedless] = [{ stepRoots: true }, {}, { flags: 4, rows: 80 }].map((spec) =>
      stage.job({ ...spec, windowSeconds: WINDOW_SECONDS }),
    );
    if (!wrong || !right || !seedless) throw new Error("no tasks");
    await stage.upload(seedless);
    const lying = await stage.execute("liar", wrong, liar("next_weight0"), (overturned) => !overturned);
    const honest = await stage.execute("executor", right, honestSteps(1), undefined, {
      demands: async () => [right, seedless],
    });
    const events = stage.watch();
    for (let i = 0; i < FORKS; i++) {
      await sleep(random.below(600));
      const depth = 1 + random.below(12);
      await (random.below(2) === 0 ? stage.l1.empty(depth) : stage.l1.refill(depth));
    }
    await until(async () => {
      const last = all(events, "proved").at(-1);
      return last && (await statusOf(last.claimHash)) === CLAIM_STATUS.overturned ? true : undefined;
    });
    await until(() => (new Set(all(honest.events, "claimed").map(({ id }) => id)).size === 2 ? true : undefined));
    for (const { task } of [right, seedless]) await until(() => isFinal(task.id));
    expect(all(honest.events, "given-up")).toEqual([]);
    expect(all(events, "challenged").every(({ id }) => id === wrong.task.id)).toBe(true);
    expect(all(lying.events, "claimed").length).toBeGreaterThan(0);
  },
  600_000,
);
