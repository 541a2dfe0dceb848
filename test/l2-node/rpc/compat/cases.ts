import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface CompatCase {
  /** Method and file, as in "eth_call/call-contract". */
  readonly name: string;
  /** The published answer shows a form only: values are the answering client's business. */
  readonly formOnly: boolean;
  readonly steps: readonly { readonly request: string; readonly answer: string }[];
}

/** The request and answer pairs of every `.io` file, by name. */
export const compatCases = (folder: string): CompatCase[] =>
  globSync("*/*.io", { cwd: folder })
    .sort()
    .map((file) => {
      const lines = readFileSync(join(folder, file), "utf8").split("\n");
      const after = (mark: string) => lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(3));
      const answers = after("<< ");
      return {
        name: file.replace(/\.io$/, ""),
        formOnly: lines.some((line) => /^\/\/ *speconly/.test(line)),
        steps: after(">> ").map((request, i) => ({ request, answer: answers[i]! })),
      };
    });
