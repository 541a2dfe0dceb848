// Writes the vectors that TypeScript and Solidity must both judge alike: `node test/vectors/numeric/generate.ts`.
import { writeFileSync } from "node:fs";
import { dotVectors } from "./dot.ts";
import { elementwiseVectors } from "./elementwise.ts";
import { gpuVectors } from "./gpu.ts";

const lines = (values: readonly unknown[]) => `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]`;

writeFileSync(new URL("dot.json", import.meta.url), `${lines(dotVectors())}\n`);
writeFileSync(
  new URL("elementwise.json", import.meta.url),
  `{\n${Object.entries(elementwiseVectors())
    .map(([name, values]) => `"${name}": ${lines(values)}`)
    .join(",\n")}\n}\n`,
);
const gpu = gpuVectors();
writeFileSync(
  new URL("gpu.json", import.meta.url),
  `{\n"verdicts": ${lines(gpu.verdicts)},\n"dots": ${lines(gpu.dots)}\n}\n`,
);
