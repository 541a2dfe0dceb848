import { AnhError } from "../common/errors.ts";

/** An option that is a whole number from 1. */
export function wholeNumber(name: string, words: string): number {
  const value = Number(words);
  if (!/^[1-9]\d{0,8}$/.test(words))
    throw new AnhError("usage", `--${name} is "${words}"`, { expected: "a whole number from 1", actual: words });
  return value;
}
