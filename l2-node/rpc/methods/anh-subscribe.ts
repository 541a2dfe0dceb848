import type { Hex } from "viem";
import { z } from "zod";
import { plain } from "../format.ts";
import { formatJob } from "../format-job.ts";
import { executionOf, method, type RpcContext, sessionOf } from "../method.ts";
import { hash } from "../schemas.ts";

const subscription = z.union(
  [z.tuple([z.literal("job").meta({ title: "subscription" }), hash]), z.tuple([z.enum(["disputes", "anchors"])])],
  {
    error: 'expected ["job", id], ["disputes"] or ["anchors"]',
  },
);

/**
 * `job`: the job's record now, and whenever it changes. `disputes`: claims that L1 overturned, and what was derived anew for
 * them. `anchors`: batches as this node reads them from L1.
 */
export const anhSubscribe = method(subscription, (context, params) => {
  const session = sessionOf(context);
  const start =
    params[0] === "job" ? job(context, params[1]) : params[0] === "disputes" ? disputes(context) : anchors(context);
  return session.subscribe("anh_subscription", start);
});

type Start = (tell: (result: unknown) => void) => () => void;

function job(context: RpcContext, id: Hex): Start {
  const execution = executionOf(context);
  return (tell) => {
    let told: string | undefined;
    let stopped = false;
    const look = async () => {
      const record = await execution.job(id);
      const formatted = record ? formatJob(record) : null;
      const text = JSON.stringify(formatted);
      if (stopped || text === told) return;
      told = text;
      tell(formatted);
    };
    const onChange = () => {
      look().catch(() => {}); // Whoever asks for the job meets the same error.
    };
    context.chain.events.on("block", onChange);
    execution.events.on("rederived", onChange);
    onChange();
    return () => {
      stopped = true;
      context.chain.events.off("block", onChange);
      execution.events.off("rederived", onChange);
    };
  };
}

function disputes(context: RpcContext): Start {
  const { events } = executionOf(context);
  return (tell) => {
    let known = new Set(context.chain.overturned());
    const onL1 = () => {
      const now = context.chain.overturned();
      for (const claim of now) if (!known.has(claim)) tell({ event: "overturned", claim });
      for (const claim of known) if (!now.has(claim)) tell({ event: "reinstated", claim });
      known = new Set(now);
    };
    const onRederived = (rederivation: object) => tell(plain({ event: "rederived", ...rederivation }));
    context.chain.events.on("l1", onL1);
    events.on("rederived", onRederived);
    return () => {
      context.chain.events.off("l1", onL1);
      events.off("rederived", onRederived);
    };
  };
}

/** After a reorg of L1, batches come again under the same numbers. */
function anchors({ chain }: RpcContext): Start {
  const { l1 } = chain.store;
  return (tell) => {
    let told = l1.lastBatch()?.batch ?? 0n;
    const onL1 = () => {
      const last = l1.lastBatch()?.batch ?? 0n;
      if (last < told) told = last;
      while (told < last) tell(plain(l1.batch(++told)));
    };
    chain.events.on("l1", onL1);
    return () => chain.events.off("l1", onL1);
  };
}
