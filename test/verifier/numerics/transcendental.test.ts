import { describe, expect, test } from "vitest";
import { bitsOf, fromBits } from "../../../verifier/numerics/float32.ts";
import { erf, exp, sigmoid, tanh } from "../../../verifier/numerics/transcendental.ts";
import { runOp } from "./run-op.ts";

/** The long suite looks at 2²⁰ inputs per range, more than 2²² per function. */
const COUNT = process.env.ANH_LONG === "1" ? 1 << 20 : 1 << 18;

function grid(from: number, to: number): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => from + ((to - from) * (i + 0.37)) / COUNT);
}

/** Every exponent, both signs, scattered mantissas; infinities and NaN folded into finite values. */
function bitGrid(): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => {
    const bits = Math.imul(i, 2654435761) >>> 0;
    return fromBits(((bits >>> 23) & 0xff) === 0xff ? bits & 0x7f7fffff : bits);
  });
}

const edges = Float32Array.from(
  [
    0,
    -0,
    1,
    -1,
    0.921875,
    3.925,
    9,
    17.482065200805664, // sigmoid: 1 + 2⁻²³
    17.857412338256836,
    18,
    88.722839,
    88.72284,
    88.776264,
    89,
    3e38,
    -87.33654,
    -87.33655,
    -103.97,
    -103.98,
    -104,
    -3e38,
    2 ** -149,
    2 ** -126,
  ].flatMap((x) => [x, -x]),
);

describe("transcendental programs equal onnxruntime bit for bit", () => {
  for (const [op, program] of [
    ["Exp", exp],
    ["Tanh", tanh],
    ["Sigmoid", sigmoid],
    ["Erf", erf],
  ] as const) {
    for (const [name, inputs] of [
      ["edges", edges],
      ["[-20, 20]", grid(-20, 20)],
      ["[-1, 1]", grid(-1, 1)],
      ["[-110, -80]", grid(-110, -80)],
      ["all exponents", bitGrid()],
    ] as const) {
      test(`${op} on ${name}`, async () => {
        const outputs = await runOp(op, [{ data: inputs, dims: [inputs.length] }]);
        const different: string[] = [];
        inputs.forEach((x, i) => {
          const y = program(x);
          if (bitsOf(y) !== bitsOf(outputs[i]!) && different.length < 5)
            different.push(`${op}(${x}): ${y} against ${outputs[i]}`);
        });
        expect(different).toEqual([]);
      });
    }
  }
});
