import { z } from "zod";
import { method, sessionOf } from "../method.ts";
import { id } from "../schemas.ts";

/** Whether there was such a subscription on this connection. */
export const ethUnsubscribe = method(z.tuple([id]), (context, [subscription]) =>
  sessionOf(context).unsubscribe(subscription),
);
