// Gas of the numeric libraries, measured on the harness: per product, per fused multiply-add, per element.
import { bytesToHex, type Hex } from "viem";
import { operands } from "../verifier/numerics/random.ts";
import { createGasMeter } from "./gas-meter.ts";
import { readHarness } from "./harness.ts";

const HARNESS = "numeric/harness/NumericHarness";
const ONE = 0x3f800000;

/** Whole gas, rounded up. Per item: the difference between a call with many items and one with few, so fixed costs drop out. */
export async function measureNumericGas(): Promise<Record<string, number>> {
  const contract = await createGasMeter(readHarness(HARNESS));
  const gas = async (name: string, ...args: unknown[]) => Number((await contract.call(name, args)).gas);
  const perItem = (many: number, few: number, items: number) => Math.ceil((many - few) / items);

  const a = bytes(operands("gaussian", 1024, 1));
  const b = bytes(operands("gaussian", 1024, 2));
  const order = { blockLength: 1024n, alpha: ONE, beta: ONE, hasBias: false, bias: 0 };
  const dot = (count: bigint) => gas("exactDot", a, 0n, b, 0n, count);
  const strict = (count: bigint) => gas("strictDot", a, 0n, b, 0n, count, order);
  const serial = (count: bigint) => gas("serialSum", a, 0n, count, 0);
  const figures: Record<string, number> = {
    "exact-dot-per-mac": perItem(await dot(1024n), await dot(0n), 1024),
    "strict-dot-per-fma": perItem(await strict(1024n), await strict(0n), 1024),
    "serial-sum-per-add": perItem(await serial(1024n), await serial(0n), 1024),
  };

  const x = 0xbfc00000;
  const y = 0x3e647fd8;
  const calls: [string, (n: number) => Promise<number>][] = [
    ["fma", (n) => gas("fma", repeat(x, n), repeat(y, n), repeat(ONE, n))],
    ...["exp", "tanh", "sigmoid", "erf"].map(
      (name, f) =>
        [`replay-${name}`, (n: number) => gas("replay", f, repeat(x, n))] as [string, (n: number) => Promise<number>],
    ),
    ...["exp", "tanh", "sigmoid", "erf", "log"].map(
      (name, f) =>
        [`judge-${name}`, (n: number) => gas("accepts", f, repeat(name === "log" ? y : x, n), repeat(y, n))] as [
          string,
          (n: number) => Promise<number>,
        ],
    ),
  ];
  for (const [name, call] of calls) figures[name] = perItem(await call(9), await call(1), 8);
  return figures;
}

function repeat(bits: number, count: number): number[] {
  return Array.from({ length: count }, () => bits);
}

function bytes(values: Float32Array): Hex {
  return bytesToHex(new Uint8Array(values.buffer));
}
