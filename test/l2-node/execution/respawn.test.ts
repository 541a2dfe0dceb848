// What is asked for while a thread that died is replaced.
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onChainChange } from "../../../l2-node/chain/chain.ts";
import { executeEagerly } from "../../../l2-node/execution/eager.ts";
import { ExecutionDiedError } from "../../../l2-node/execution/errors.ts";
import type { ExecutionEvents } from "../../../l2-node/execution/execution.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { openThreaded } from "../../../l2-node/execution/threaded.ts";
import { testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";
import { ethDeposit, gasDeposit, makeRig } from "./rig.ts";

let folder: string;
let threads: Worker[];
let rig: ReturnType<typeof makeRig>;
let execution: Awaited<ReturnType<typeof openThreaded>>;
const note = (t: Worker) => threads.push(t);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "anh-respawn-"));
  rig = makeRig({ chainPath: join(folder, "chain.sqlite") });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  threads = [];
  process.on("worker", note);
  execution = await openThreaded(
    { chain: rig.file, chainPath: join(folder, "chain.sqlite"), statePath: join(folder, "state.sqlite") },
    { onChange: onChainChange(rig.chain), onTrouble: () => {} },
  );
});
afterEach(async () => {
  process.off("worker", note);
  await execution.close();
  rig.store.close();
  rmSync(folder, { recursive: true });
});
async function transfers(count: number) {
  for (let i = 0; i < count; i++) {
    await rig.send({ to: testAddress(10 + i), value: 1n });
    rig.seal();
  }
}

test("who begins to listen while the next thread starts hears of blocks", async () => {
  await threads[0]!.terminate();
  await until(() => threads[1]);
  const seen: bigint[] = [];
  execution.events.on("executed", ({ number }) => seen.push(number)); // eth_subscribe("logs")
  await transfers(1);
  await until(() => execution.executeTo("latest").catch(() => undefined));
  await transfers(1);
  await execution.executeTo("latest");
  await until(() => (seen.length >= 3 ? true : undefined));
  expect(seen).toEqual([1n, 2n, 3n]);
});

test("eager: the block at which the thread died is executed by the next one, without a further block", async () => {
  const stop = executeEagerly(rig.chain, execution, () => {});
  await until(() => (execution.executedNumber() === rig.chain.heads().latest ? true : undefined));
  await threads[0]!.terminate();
  await transfers(1);
  await until(() => threads[1]);
  await until(() => (execution.executedNumber() === rig.chain.heads().latest ? true : undefined));
  stop();
});

test("what was rolled back while no thread lived is told with its receipts", async () => {
  await transfers(3);
  await execution.executeTo("latest");
  const retracted: { number: bigint; receipts: number }[] = [];
  execution.events.on("retracted", ({ number, receipts }) => retracted.push({ number, receipts: receipts.length }));
  const ended = threads[0]!.terminate();
  const left = rig.chain.heads().latest - 2n;
  rig.chain.dropAbove(left);
  await ended;
  await until(() => (execution.executedNumber() === left ? true : undefined));
  expect(retracted).toEqual([{ number: left, receipts: 2 }]);
});

test("blocks that a thread committed and could not tell of are told by the next one, before they go", async () => {
  await transfers(3);
  const { source } = rig;
  const path = join(folder, "told.sqlite");
  const first = new LazyExecution({ path }, { source });
  await first.executeTo("latest");
  await first.close();
  rig.chain.dropAbove(3n);
  const events = new EventEmitter<ExecutionEvents>();
  const told: unknown[] = [];
  events.on("executed", ({ number, receipts }) => told.push(["executed", number, receipts.length]));
  events.on("retracted", ({ number, receipts }) => told.push(["retracted", number, receipts.length]));
  const second = new LazyExecution({ path, told: 2n }, { source, events });
  expect(told).toEqual([
    ["executed", 3n, 1],
    ["executed", 4n, 1],
    ["retracted", 3n, 1],
  ]);
  await second.close();
});

test("closed while the next thread starts, nothing of it is left", async () => {
  let exited = 0;
  await threads[0]!.terminate();
  const second = await until(() => threads[1]);
  second.on("exit", () => exited++);
  await execution.close();
  expect(exited).toBe(1);
});

test("a thread that cannot begin is an error, not a wait", async () => {
  const chain = { ...rig.file, uncloneable: () => {} };
  const modules = { onChange: onChainChange(rig.chain), onTrouble: () => {} };
  const [chainPath, statePath] = [join(folder, "chain.sqlite"), join(folder, "other.sqlite")];
  await expect(openThreaded({ chain, chainPath, statePath }, modules)).rejects.toBeInstanceOf(ExecutionDiedError);
});
