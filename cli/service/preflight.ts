import type { Hex, PublicClient } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { requireNoRun, writableFolder } from "../stack/data-dir.ts";
import { lockFolder } from "../stack/run-lock.ts";
import { firstThatAnswers } from "./l1.ts";
import { checkNode } from "./node.ts";
import { keepOwnChain, requireOwnChain } from "./own-chain.ts";

export interface PreflightSettings {
  readonly chain: ChainFile;
  readonly l1Url: string;
  readonly l1WitnessUrls?: readonly string[];
  readonly nodeUrl: string;
  readonly key: Hex;
  readonly folder: string;
}

/** What a verifier service would only stumble over later, said before it starts. Returns what its account has on L1. */
export async function preflight(settings: PreflightSettings): Promise<bigint> {
  const { chain, l1Url, l1WitnessUrls = [], nodeUrl, key, folder } = settings;
  const path = takeFolder(folder);
  requireOwnChain(path, chain, folder);
  const l1 = await firstThatAnswers([l1Url, ...l1WitnessUrls], chain);
  await checkNode(nodeUrl, chain);
  const balanceWei = await checkFunds(l1, privateKeyToAddress(key));
  keepOwnChain(path, chain);
  return balanceWei;
}

/** Two processes in one folder would write each other's checkpoints. */
function takeFolder(folder: string): string {
  const path = writableFolder(folder);
  requireNoRun(path, folder);
  lockFolder(path, folder);
  return path;
}

/** A low balance is no reason to refuse: what it lacks may be at stake in what the service must defend. */
async function checkFunds(l1: PublicClient, address: Hex): Promise<bigint> {
  const balanceWei = await l1.getBalance({ address });
  if (balanceWei === 0n)
    throw new AnhError("unfunded", `${address} has no ether on L1: it can pay neither gas nor bonds`, {
      expected: "an account with ether",
      actual: "0 ETH",
      hint: "is it the right key? If so, send ether to that address on L1",
    });
  return balanceWei;
}
