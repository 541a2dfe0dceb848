import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { RPC_CODE } from "../../../l2-node/rpc/errors.ts";
import { methods } from "../../../l2-node/rpc/methods.ts";
import { refusedMethods } from "../../../l2-node/rpc/refused.ts";

const page = readFileSync(new URL("../../../docs/json-rpc.md", import.meta.url), "utf8");

it("docs/json-rpc.md names every method there is, and no other", () => {
  const table = page.slice(page.indexOf("## Methods"), page.indexOf("## Limits"));
  const named = [...table.matchAll(/`([a-z0-9]+[_.][A-Za-z0-9]+)`/g)].map(([, name]) => name!);
  const served = Object.keys(methods).filter((name) => !(name in refusedMethods));
  expect(named.sort()).toEqual(served.sort());
});

it("docs/json-rpc.md has the table of codes", () => {
  const rows = [...page.matchAll(/^\| (−?\d+) \| `(\w+)` \|/gm)].map(([, code, name]) => [
    name,
    Number(code!.replace("−", "-")),
  ]);
  expect(Object.fromEntries(rows)).toEqual(RPC_CODE);
});
