import type { Address, Hex } from "viem";
import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, LATEST, slot } from "../schemas.ts";

const MAX_SLOTS = 1024;
const slots = z
  .record(address, z.array(slot))
  .refine((asked) => Object.keys(asked).length > 0, { error: "empty request" })
  .refine((asked) => Object.values(asked).flat().length <= MAX_SLOTS, { error: `at most ${MAX_SLOTS} slots` });

/** Many slots of many accounts at one block. */
export const ethGetStorageValues = method(
  z.tuple([slots.meta({ title: "slots" }), blockRef.optional()]),
  async (context, [asked, ref = LATEST]) => {
    const execution = executionOf(context);
    const number = await execution.executeTo(stateAt(context, ref));
    const values: Record<Address, Hex[]> = {};
    for (const [account, wanted] of Object.entries(asked) as [Address, Hex[]][])
      values[account] = await Promise.all(wanted.map((one) => execution.storage(account, one, number)));
    return values;
  },
);
