import { AnhError } from "../common/errors.ts";

/** An option that is a whole number from 1. */
export function wholeNumber(name: string, words: string, most = 999_999_999): number {
  const value = Number(words);
  if (!/^[1-9]\d*$/.test(words) || value > most)
    throw new AnhError("usage", `--${name} is "${words}"`, {
      expected: `a whole number from 1 to ${most}`,
      actual: words,
    });
  return value;
}
