import { existsSync, readFileSync } from "node:fs";
import type { Abi, Hex } from "viem";
import { AnhError } from "../common/errors.ts";

/** The contracts are not compiled, or a name is none of them. */
export class ArtifactError extends AnhError {}

export interface Artifact {
  readonly abi: Abi;
  /** Creation code. */
  readonly bytecode: Hex;
  /** Runtime code; immutables are zero in it. */
  readonly deployedBytecode: Hex;
  /** Where in it they go, in bytes. */
  readonly immutableReferences?: Readonly<Record<string, readonly { readonly start: number }[]>>;
}

/** Finds a compiled contract by its source path below `contracts/`, without `.sol`: `l1/Inbox`. */
export type Artifacts = (source: string) => Artifact;

export const ARTIFACTS_FOLDER = process.env.ANH_ARTIFACTS ?? new URL("../artifacts", import.meta.url).pathname;

/** Artifacts as Hardhat writes them. A contract is named like its file, unless `source` says `path:Name`. */
export const readArtifacts =
  (folder: string = ARTIFACTS_FOLDER): Artifacts =>
  (source) => {
    const [path, name = path?.split("/").at(-1)] = source.split(":");
    const file = `${folder}/contracts/${path}.sol/${name}.json`;
    if (!existsSync(file))
      throw new ArtifactError("no-artifact", `no compiled contract at ${file}`, {
        expected: file,
        hint: "compile the contracts: npx hardhat build",
      });
    return JSON.parse(readFileSync(file, "utf8")) as Artifact;
  };
