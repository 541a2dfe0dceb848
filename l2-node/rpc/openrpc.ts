import { z } from "zod";
import { RPC_CODE } from "./errors.ts";
import type { Method } from "./method.ts";

type Schema = Readonly<Record<string, unknown>>;

/** What parameters a method takes, as the shapes that judge them say; results are documented with the methods. */
export function openRpcDocument(methods: Readonly<Record<string, Method>>, version: string) {
  return {
    openrpc: "1.3.2",
    info: { title: "ANH JSON-RPC", version },
    methods: Object.entries(methods).map(([name, { params }]) => ({
      name,
      paramStructure: "by-position",
      params: paramsOf(params),
      result: { name: "result", schema: true },
    })),
    components: {
      errors: Object.fromEntries(Object.entries(RPC_CODE).map(([message, code]) => [message, { code, message }])),
    },
  };
}

/** Positions of a list, or of several that a method takes as alternatives. */
function paramsOf(params: z.ZodType): object[] {
  const shape = z.toJSONSchema(params, { io: "input", unrepresentable: "any" }) as Schema;
  const lists = ((shape.anyOf ?? [shape]) as Schema[]).map((list) => (list.prefixItems ?? []) as Schema[]);
  const required = Math.min(...tupleAlternatives(params).map(requiredOf));
  const length = Math.max(...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) => {
    const schemas = lists.flatMap((list): Schema[] => (list[i] ? [list[i]] : []));
    const schema = schemas.length === 1 ? schemas[0] : { anyOf: schemas };
    const name = schemas.find(({ title }) => typeof title === "string")?.title ?? `argument${i}`;
    return { name, required: i < required, schema };
  });
}

const tupleAlternatives = (params: z.ZodType): z.ZodType[] =>
  params instanceof z.ZodUnion ? (params.options as z.ZodType[]) : [params];

/** Positions up to the last that may not be left out. */
function requiredOf(params: z.ZodType): number {
  if (!(params instanceof z.ZodTuple)) return 0;
  const items = params.def.items as readonly z.ZodType[];
  return items.findLastIndex((item) => !item.safeParse(undefined).success) + 1;
}
