// Several lies at once against a challenger whose money is enough for one: it says what it could not do, and does it later.
import { createTestClient, http, parseEther } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { defaultPrices } from "../../../deploy/prices.ts";
import { liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { until } from "../../support/until.ts";

let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterAll(async () => {
  await stage?.stopAll();
  await stage?.close();
});

it("a challenger with one bond names the lie that it cannot fight, and fights it with what the first one brings", async () => {
  const lies = [stage.job({ stepRoots: true }), stage.job({ stepRoots: true })];
  const { events: claims } = await stage.execute("liar", lies[0]!, liar("next_weight0"), undefined, {
    demands: async () => lies,
  });
  const of = (events: typeof claims, name: string) => events.filter(({ event }) => event === name);
  await until(() => of(claims, "claimed")[1]);
  const claimHashes = of(claims, "claimed").map(({ claimHash }) => claimHash);

  // One bond, and less than another one for gas.
  const value = defaultPrices.challengeBondWei + parseEther("0.09");
  const { address } = devAccount("challenger");
  await createTestClient({ mode: "anvil", transport: http(stage.l1.url) }).setBalance({ address, value });
  const events = stage.watch();
  const failed = await seen(events, "round-failed");
  expect(claimHashes).toContain(failed.claimHash);
  expect(failed.error).toMatch(/insufficient funds|exceeds the balance/i);
  await seen(events, "proved");
  expect(of(events, "challenged")).toHaveLength(1);

  // Its bond and half of the liar's are paid behind the airgap, within the other claim's window.
  await stage.l1.warp(6);
  await until(() => of(events, "proved")[1]);
  expect(
    of(events, "proved")
      .map(({ claimHash }) => claimHash)
      .sort(),
  ).toEqual(claimHashes.sort());
});
