import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The prose of Node's documentation: the doc comments of the npm package @types/node (MIT), without code and tags. */
export function nodeProse(): Uint8Array {
  const root = fileURLToPath(new URL("../../node_modules/@types/node/", import.meta.url));
  const files = globSync("*.d.ts", { cwd: root }).sort();
  return new TextEncoder().encode(files.flatMap((file) => prose(readFileSync(root + file, "utf8"))).join("\n"));
}

function prose(source: string): string[] {
  return [...source.matchAll(/\/\*\*([\s\S]*?)\*\//g)].flatMap(([, comment]) => {
    const lines = comment!.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
    let inCode = false;
    const kept = lines.filter((line) => {
      if (line.startsWith("```")) {
        inCode = !inCode;
        return false;
      }
      return !inCode && !line.startsWith("@") && line !== "";
    });
    return kept.length === 0 ? [] : [`${kept.join("\n")}\n`];
  });
}
