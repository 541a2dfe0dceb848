// Writes the vectors that TypeScript and Solidity must both judge alike: `node test/vectors/claims/generate.ts`.
import { writeFileSync } from "node:fs";
import { claimVectors, writeVectors } from "./claims.ts";

writeFileSync(new URL("claims.json", import.meta.url), writeVectors(claimVectors()));
