import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** The roots a StateClaim states about a block (P8.1), as this node derives them. */
export const anhGetBlockRoots = method(z.tuple([blockRef]), async (context, [ref]) =>
  plain(await executionOf(context).roots(stateAt(context, ref))),
);
