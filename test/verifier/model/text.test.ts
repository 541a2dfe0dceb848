import { describe, expect, test } from "vitest";
import { textRows, vocabularyOf } from "../../../verifier/model/text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("vocabulary", () => {
  test("the most frequent bytes, equal ones by value, the rest 0", () => {
    const { size, idOf, byteOf } = vocabularyOf(bytes("abbccc!"), 4);
    expect(size).toBe(4);
    expect(Array.from(bytes("cba!z"), (byte) => idOf[byte])).toEqual([1, 2, 0, 3, 0]);
    expect(Array.from(byteOf)).toEqual([0, ...bytes("cb!")]);
  });
  test("no more ids than the text needs", () => {
    expect(vocabularyOf(bytes("aa"), 100).size).toBe(2);
    expect(vocabularyOf(bytes(""), 100).size).toBe(1);
  });
});

describe("rows", () => {
  const vocabulary = vocabularyOf(bytes("abcdef"), 256);
  test("each row's labels are one byte ahead", () => {
    const [x, labels] = textRows(bytes("abcdef"), vocabulary, { positions: 3, stride: 2 });
    expect(x).toEqual({ dtype: "uint8", shape: [2, 3], data: Uint8Array.of(1, 2, 3, 3, 4, 5) });
    expect(labels.data).toEqual(Uint8Array.of(2, 3, 4, 4, 5, 6));
  });
  test.each([
    ["", 0],
    ["abc", 0],
    ["abcd", 1],
  ] as const)("%o has %i rows of three", (text, count) => {
    expect(textRows(bytes(text), vocabulary, { positions: 3, stride: 2 })[0].shape[0]).toBe(count);
  });
});
