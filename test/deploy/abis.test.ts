import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArtifactError, readArtifacts } from "../../deploy/artifacts.ts";
import { abiFile, abiModule, CALLED_CONTRACTS } from "../../deploy/write-abis.ts";

describe("ABIs in common/contracts", () => {
  it("are refused for a contract that was not compiled, with what to do", () => {
    expect(() => abiModule("l1/NoSuch", readArtifacts())).toThrowError(ArtifactError);
    expect(() => readArtifacts("/nowhere")("l1/Inbox")).toThrowError(
      /\/nowhere\/contracts\/l1\/Inbox\.sol\/Inbox\.json/,
    );
  });

  it.each(CALLED_CONTRACTS)("%s is as compiled (else: node deploy/write-abis.ts)", (source) => {
    const written = readFileSync(new URL(`../../${abiFile(source)}`, import.meta.url), "utf8");
    expect(written).toBe(abiModule(source, readArtifacts()));
  });
});
