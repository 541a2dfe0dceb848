import { globSync } from "node:fs";
import { AnhError } from "../common/errors.ts";
import { ROOT } from "./paths.ts";

export interface ChosenTests {
  /** Run by vitest. */
  readonly scripts: readonly string[];
  /** Run by Hardhat. */
  readonly contracts: readonly string[];
}

/** The test files whose path below the checkout holds one of `parts`; a part that none holds is refused. */
export function chooseTests(parts: readonly string[]): ChosenTests {
  const files = globSync("test/**/*.{test.ts,t.sol}", { cwd: ROOT }).sort();
  const plain = (part: string) => part.replace(/^\.\//, "").replace(ROOT, "");
  const stray = parts.find((part) => !files.some((file) => file.includes(plain(part))));
  if (stray !== undefined)
    throw new AnhError("usage", `no test file's path contains "${stray}"`, {
      expected: "a part of the path of a *.test.ts or *.t.sol file under test/",
      actual: stray,
      hint: "for example: ./anh test test/verifier/ops, or ./anh test Bridge.t.sol; without a name, all tests run",
    });
  const chosen = files.filter((file) => parts.some((part) => file.includes(plain(part))));
  return {
    scripts: chosen.filter((file) => file.endsWith(".test.ts")),
    contracts: chosen.filter((file) => file.endsWith(".t.sol")),
  };
}
