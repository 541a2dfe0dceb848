import { plain } from "../format.ts";
import { executionOf, method, noParams } from "../method.ts";

/** How often state was derived anew because claims changed their standing, and the latest times since this node started. */
export const anhGetRederivations = method(noParams, (context) =>
  plain({ count: executionOf(context).rederivedCount(), latest: context.rederivations }),
);
