import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { freePorts, isFree } from "../../../cli/stack/ports.ts";
import { Supervisor } from "../../../cli/stack/supervisor.ts";
import { until } from "../../support/until.ts";

const logDir = mkdtempSync(join(tmpdir(), "anh-supervisor-"));
afterAll(() => rmSync(logDir, { recursive: true, force: true }));

function supervise() {
  const told: string[] = [];
  const supervisor = new Supervisor(
    { logDir },
    {
      events: {
        started: (name, _pid, restarts) => told.push(`${name} started, ${restarts} restarts`),
        exited: (name, _pid, code, signal) => told.push(`${name} ended: ${signal ?? code}`),
        event: () => {},
      },
    },
  );
  return { supervisor, told };
}

test("a service that refuses its settings is not started again; the failure shows what it said", async () => {
  const { supervisor, told } = supervise();
  supervisor.start({ name: "node", script: "l2-node/main.ts", args: [] });
  const error = await supervisor.failed.catch((reason) => reason);
  expect(error).toMatchObject({ code: "service-dies", actual: "code 78" });
  expect(error.hint).toContain("chain-file");
  expect(error.hint).toContain(join(logDir, "node.log"));
  expect(told).toEqual(["node started, 0 restarts", "node ended: 78"]);
  await supervisor.stop();
});

test("one that is killed is started again", async () => {
  const { supervisor, told } = supervise();
  const port = ["--host", "127.0.0.1", "--port", "0", "--silent"];
  supervisor.start({ name: "l1", script: "cli/stack/anvil-host.ts", args: port });
  process.kill(supervisor.pid("l1") as number, "SIGKILL");
  await expect.poll(() => told, { timeout: 60_000 }).toContain("l1 started, 1 restarts");
  await supervisor.stop();
  expect(told).toEqual(["l1 started, 0 restarts", "l1 ended: SIGKILL", "l1 started, 1 restarts"]);
});

test("one whose state is gone with it is not", async () => {
  const { supervisor } = supervise();
  const [port] = (await freePorts(1)) as [number];
  const args = ["--host", "127.0.0.1", "--port", String(port), "--silent"];
  supervisor.start({ name: "l1", script: "cli/stack/anvil-host.ts", args, irreplaceable: true });
  await until(async () => ((await isFree(port)) ? undefined : true));
  process.kill(supervisor.pid("l1") as number, "SIGKILL");
  await expect(supervisor.failed).rejects.toThrow(/l1 died \(SIGKILL\)/);
  // What it ran does not live on.
  await until(async () => (await isFree(port)) || undefined);
  await supervisor.stop();
});
