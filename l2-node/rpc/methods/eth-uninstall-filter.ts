import { z } from "zod";
import { method } from "../method.ts";
import { id } from "../schemas.ts";

/** Whether there was such a filter. */
export const ethUninstallFilter = method(z.tuple([id]), ({ filters }, [filterId]) => filters.uninstall(filterId));
