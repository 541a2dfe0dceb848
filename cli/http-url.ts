import { AnhError } from "../common/errors.ts";

/** Reads an option that is a node's URL. Says nothing of what it found instead: URLs hold keys. */
export const httpUrl =
  (option: string) =>
  (words: string): string => {
    if (/^https?:\/\//.test(words) && URL.canParse(words)) return words;
    throw new AnhError("usage", `--${option} is no URL that begins with http:// or https://`, {
      hint: `such as --${option} http://127.0.0.1:9545`,
    });
  };
