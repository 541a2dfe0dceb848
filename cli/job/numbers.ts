import { AnhError } from "../../common/errors.ts";

/** A number above 0, or a fraction of two, e.g. 1/255. */
export function positive(option: string, words: string): number {
  const [over = "", under = "1", ...rest] = words.split("/");
  const value = over === "" || under === "" || rest.length > 0 ? Number.NaN : Number(over) / Number(under);
  // What a graph holds is float32.
  if (!(value > 0 && Number.isFinite(value) && Math.fround(value) > 0 && Number.isFinite(Math.fround(value))))
    throw new AnhError("usage", `--${option} holds "${words}"`, { expected: "a number above 0", actual: words });
  return value;
}

/** A whole number from 0, of any size. */
export function wholeBigint(option: string, words: string): bigint {
  if (!/^\d{1,78}$/.test(words))
    throw new AnhError("usage", `--${option} is "${words}"`, { expected: "a whole number", actual: words });
  return BigInt(words);
}
