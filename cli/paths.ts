import { fileURLToPath } from "node:url";

/** Root of the checkout or of the installed package. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** A program that an npm package of ours ships. */
export const bin = (name: string): string => `${ROOT}node_modules/.bin/${name}`;
