import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { alone } from "../../../cli/stack/alone.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-alone-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("who comes second waits until the first is through, and says so once; a failure lets go", async () => {
  const file = join(folder, "new", "lock");
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const holding = alone(
    file,
    async () => {
      begun.resolve();
      await first.promise;
      told.push("first");
      throw new Error("it fails");
    },
    () => told.push("the first waits"),
  );
  await begun.promise;
  const waiting = alone(
    file,
    async () => told.push("second"),
    () => {
      told.push("waits");
      first.resolve();
    },
  );
  await expect(holding).rejects.toThrow("it fails");
  await waiting;
  expect(told).toEqual(["waits", "first", "second"]);
});
