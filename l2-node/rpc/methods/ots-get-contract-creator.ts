import { z } from "zod";
import { executionOf, method } from "../method.ts";
import { callTree, framesOf } from "../otterscan.ts";
import { address } from "../schemas.ts";

/** The transaction that made a contract, and whoever called for it: a factory where one did. null for genesis and accounts. */
export const otsGetContractCreator = method(z.tuple([address]), async (context, [account]) => {
  const receipt = await executionOf(context).creation(account);
  if (!receipt) return null;
  const { transactionHash: hash, from } = receipt;
  const tree = await callTree(context, hash);
  const made = tree && [...framesOf(tree)].find(({ frame }) => frame.type.startsWith("CREATE") && frame.to === account);
  return { hash, creator: made?.frame.from ?? from };
});
