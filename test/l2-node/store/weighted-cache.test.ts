import { expect, test } from "vitest";
import { weightedCache } from "../../../l2-node/store/weighted-cache.ts";

const open = () => weightedCache<string, string>(10, ({ length }) => length);

test("the oldest go as soon as all weigh more than they may, and not before", () => {
  const cache = open();
  cache.set("a", "12345");
  cache.set("b", "12345");
  expect([cache.weight, cache.get("a")]).toEqual([10, "12345"]);
  cache.set("c", "1");
  expect([cache.weight, cache.has("a"), cache.has("b"), cache.has("c")]).toEqual([6, false, true, true]);
});

test("what is put in again is the newest, and weighs what it weighs now", () => {
  const cache = open();
  cache.set("a", "12345");
  cache.set("b", "12345");
  cache.set("a", "1");
  expect(cache.weight).toBe(6);
  cache.set("c", "12345");
  expect([cache.weight, cache.has("b"), cache.get("a")]).toEqual([6, false, "1"]);
});

test("one that is too heavy stays alone, until the next one", () => {
  const cache = open();
  cache.set("a", "1");
  expect(cache.set("b", "x".repeat(11)).length).toBe(11);
  expect([cache.weight, cache.has("a"), cache.has("b")]).toEqual([11, false, true]);
  cache.set("c", "1");
  expect([cache.weight, cache.has("b"), cache.has("c")]).toEqual([1, false, true]);
});

test("what left weighs nothing, however often it leaves", () => {
  const cache = open();
  cache.set("a", "12345");
  cache.delete("a");
  cache.delete("a");
  expect([cache.weight, cache.get("a")]).toEqual([0, undefined]);
  cache.set("b", "123");
  cache.clear();
  expect([cache.weight, cache.has("b")]).toEqual([0, false]);
});
