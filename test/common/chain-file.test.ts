import { describe, expect, it } from "vitest";
import { ChainFileError, decodeChainFile, encodeChainFile } from "../../common/chain-file.ts";
import { testChainFile } from "../support/chain-file.ts";

const chain = testChainFile(`0x${"12".repeat(32)}`, 1_700_000_000n);

describe("chain file", () => {
  it("refuses what is none, by the first thing it lacks", () => {
    for (const text of ["", "{", "null", "[]", "7", "{}"])
      expect(() => decodeChainFile(text)).toThrowError(ChainFileError);
    for (const key of ["l1ChainId", "l2ChainId", "deployedAtL1Block", "contracts", "clocks", "genesis"]) {
      const { [key]: _, ...rest } = JSON.parse(encodeChainFile(chain));
      expect(() => decodeChainFile(JSON.stringify(rest))).toThrowError(new RegExp(`no ${key}`));
    }
    const number = JSON.stringify({ ...JSON.parse(encodeChainFile(chain)), l2ChainId: 7 });
    expect(() => decodeChainFile(number)).toThrowError(/no l2ChainId/);
  });

  it("comes back as it was, large numbers included", () => {
    const large = { ...chain, l2ChainId: 2n ** 200n };
    expect(decodeChainFile(encodeChainFile(large))).toEqual(large);
  });
});
