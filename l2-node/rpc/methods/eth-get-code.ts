import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, LATEST } from "../schemas.ts";

export const ethGetCode = method(z.tuple([address, blockRef.optional()]), (context, [account, ref = LATEST]) =>
  executionOf(context).code(account, stateAt(context, ref)),
);
