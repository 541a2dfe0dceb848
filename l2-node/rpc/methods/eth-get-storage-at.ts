import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, LATEST, slot } from "../schemas.ts";

export const ethGetStorageAt = method(
  z.tuple([address, slot, blockRef.optional()]),
  (context, [account, at, ref = LATEST]) => executionOf(context).storage(account, at, stateAt(context, ref)),
);
