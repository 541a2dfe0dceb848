import { formatEther } from "viem";
import { TASK_KIND } from "../../common/task.ts";
import type { ServiceEvent } from "./service-log.ts";

type Words = (event: ServiceEvent, name: string) => string | null;

const gas = ({ gasUsed }: ServiceEvent): string =>
  gasUsed === undefined ? "" : ` (${Number(gasUsed).toLocaleString("en")} gas)`;
const place = ({ step, op, node, element }: ServiceEvent): string => `step ${step}, ${op} ${node}[${element}]`;

function checked(event: ServiceEvent, name: string): string {
  if (event.finding === "wrong" && event.node !== undefined) return `${name} is wrong at ${place(event)}`;
  return `${name} is ${event.finding}`;
}

/** What services report, told to people; null: told to programs only. What is not listed is shown as it came. */
const WORDS: Readonly<Record<string, Words>> = {
  ready: ({ role }) => (role === undefined ? "is ready" : `is ready, as ${role}`),
  reserved: (event, name) =>
    `reserves ${name}${gas(event)}; its random seed is known 64 L1 blocks (16 s) after the first reservation`,
  "seed-fixed": (event, name) => `fixes the seed of ${name}${gas(event)}`,
  "run-started": ({ kind, steps }, name) =>
    kind === TASK_KIND.train ? `trains, ${steps} steps: ${name}` : `computes the ${name}`,
  committed: () => null,
  claimed: (event, name) => `claims the result of ${name}, under bond${gas(event)}`,
  withdrawn: ({ amountWei }) => `takes back ${formatEther(BigInt(amountWei as string))} ETH of bonds and rewards`,
  checked: (event, name) => `has checked: ${checked(event, name)}`,
  compared: ({ honestWordsDiffering }, name) =>
    `has run ${name} itself: ${Number(honestWordsDiffering).toLocaleString("en")} numbers differ from the claim's, all within the bound`,
  "check-broken-off": ({ reason }, name) =>
    reason === "gave-way"
      ? `looks at something more urgent than ${name} first`
      : `looks at ${name} no longer: ${reason}`,
  challenged: (event, name) => `challenges ${name} on L1, segment ${event.segment}${gas(event)}`,
  proved: (event, name) => `has L1 compute ${place(event)} of ${name}: the claim is wrong${gas(event)}`,
  sunk: (event, name) => `drops its claim on ${name}: what it was computed from has fallen${gas(event)}`,
  refunded: (event, name) => `has its challenge bond for ${name} back${gas(event)}`,
  collected: (event) => `collects its part of the liar's bond; the rest is burned${gas(event)}`,
  "fee-collected": () => null,
  "bonds-collected": () => null,
  finalized: (event, name) => `makes ${name} final on L1: its window is over${gas(event)}`,
  "state-claimed": (event) => `claims the L2 state at block ${event.number} on L1${gas(event)}`,
  "state-settled": (event) => `settles the L2 state at block ${event.number}${gas(event)}`,
  rederived: ({ from, to }) => `computes the state of blocks ${from} to ${to} anew, without the fallen claim`,
  result: () => null, // the watcher tells it once, by name
};

/** One line for people about what a service reported, or null. */
export function inWords(event: ServiceEvent, name: string | undefined): string | null {
  const words = WORDS[String(event.event)];
  if (words === undefined)
    return `${event.service}: ${event.event}${name === undefined ? "" : ` ${name}`}${gas(event)}`;
  const told = words(event, name ?? "an unknown job");
  return told === null ? null : `${event.service} ${told}`;
}
