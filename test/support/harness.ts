import { ARTIFACTS_FOLDER, readArtifacts } from "../../deploy/artifacts.ts";

/** A contract below `test/contracts` as Hardhat compiled it, by its path there without `.sol`: `chain/harness/ChainHarness`. */
export const readHarness = readArtifacts(`${ARTIFACTS_FOLDER}/test`);
