import { parentPort } from "node:worker_threads";
import secp256k1 from "secp256k1";
import type { Signed } from "./transactions.ts";

parentPort?.on("message", (transactions: readonly Omit<Signed, "raw">[]) => {
  for (const { signature, yParity, digest } of transactions) secp256k1.ecdsaRecover(signature, yParity, digest, false);
  parentPort?.postMessage("done");
});
