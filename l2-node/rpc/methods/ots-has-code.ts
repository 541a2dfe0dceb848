import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, LATEST } from "../schemas.ts";

export const otsHasCode = method(
  z.tuple([address, blockRef.optional()]),
  async (context, [account, ref = LATEST]) =>
    (await executionOf(context).code(account, stateAt(context, ref))) !== "0x",
);
