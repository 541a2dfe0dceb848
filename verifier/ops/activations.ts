import { composite, type Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { add, erf, exp, less, log, mul, relu, scalar, sigmoid, sub, tanh, where } from "./build.ts";

// Activations as primitives, with gradients that reuse what the forward pass computed.

const SQRT_HALF = Math.SQRT1_2;
const INVERSE_SQRT_TAU = 0.3989422804014327;
const SQRT_TWO_OVER_PI = 0.7978845608028654;
const GELU_CUBIC = 0.044715;

/** x·Φ(x), Φ the normal distribution function: (1 + erf(x/√2))/2. */
export const gelu = (draft: Draft, x: ValueId): ValueId =>
  composite(draft, [x], () => {
    const c = (value: number) => scalar(draft, value);
    const phi = mul(draft, add(draft, erf(draft, mul(draft, x, c(SQRT_HALF))), c(1)), c(0.5));
    return {
      output: mul(draft, x, phi),
      // Φ(x) + x·e^(−x²/2)/√(2π)
      vjp: (dy) => {
        const density = exp(draft, mul(draft, mul(draft, x, x), c(-0.5)));
        const slope = add(draft, phi, mul(draft, mul(draft, x, density), c(INVERSE_SQRT_TAU)));
        return [mul(draft, dy, slope)];
      },
    };
  });

/** x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 (Hendrycks and Gimpel, 2016). */
export const geluTanh = (draft: Draft, x: ValueId): ValueId =>
  composite(draft, [x], () => {
    const c = (value: number) => scalar(draft, value);
    const square = mul(draft, x, x);
    const inner = mul(draft, x, add(draft, mul(draft, square, c(SQRT_TWO_OVER_PI * GELU_CUBIC)), c(SQRT_TWO_OVER_PI)));
    const t = tanh(draft, inner);
    const half = mul(draft, add(draft, t, c(1)), c(0.5));
    return {
      output: mul(draft, x, half),
      // (1 + t)/2 + x·(1 − t²)/2·√(2/π)·(1 + 3·0.044715·x²)
      vjp: (dy) => {
        const steepness = add(
          draft,
          mul(draft, square, c(1.5 * SQRT_TWO_OVER_PI * GELU_CUBIC)),
          c(0.5 * SQRT_TWO_OVER_PI),
        );
        const slope = mul(draft, mul(draft, x, steepness), sub(draft, c(1), mul(draft, t, t)));
        return [mul(draft, dy, add(draft, half, slope))];
      },
    };
  });

/** x·σ(x) */
export const silu = (draft: Draft, x: ValueId): ValueId =>
  composite(draft, [x], () => {
    const s = sigmoid(draft, x);
    const y = mul(draft, x, s);
    return {
      output: y,
      // σ + y·(1 − σ)
      vjp: (dy) => [mul(draft, dy, add(draft, s, mul(draft, y, sub(draft, scalar(draft, 1), s))))],
    };
  });

/** silu(gate)·x (Shazeer, 2020). */
export const swiglu = (draft: Draft, gate: ValueId, x: ValueId): ValueId => mul(draft, silu(draft, gate), x);

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|); its gradient is σ(x), so no gradient descends from Log. */
export const softplus = (draft: Draft, x: ValueId): ValueId =>
  composite(draft, [x], () => {
    const positive = relu(draft, x);
    const minusMagnitude = sub(draft, x, mul(draft, positive, scalar(draft, 2)));
    const tail = where(draft, less(draft, x, scalar(draft, 0)), x, minusMagnitude);
    const rest = log(draft, add(draft, exp(draft, tail), scalar(draft, 1)));
    return {
      output: add(draft, positive, rest),
      vjp: (dy) => [mul(draft, dy, sigmoid(draft, x))],
    };
  });

/** −1, 0 or 1; no gradient. */
export function sign(draft: Draft, x: ValueId): ValueId {
  const zero = scalar(draft, 0);
  return composite(draft, [x], () => ({
    output: where(
      draft,
      less(draft, x, zero),
      scalar(draft, -1),
      where(draft, less(draft, zero, x), scalar(draft, 1), zero),
    ),
    vjp: () => [null],
  }));
}

/**
 * x held between two scalars (either may be missing) by Where: the runtime's Max and Min of zeros of both signs depend on
 * their position. The gradient passes where x is inside or at a limit.
 */
export function clip(draft: Draft, x: ValueId, low: ValueId | undefined, high: ValueId | undefined): ValueId {
  const raised = low === undefined ? x : where(draft, less(draft, x, low), low, x);
  return high === undefined ? raised : where(draft, less(draft, high, raised), high, raised);
}

/** x to a constant power: products for whole exponents, no general order exists for others. */
export function wholePower(draft: Draft, x: ValueId, exponent: number): ValueId {
  if (exponent === 1) return x;
  const half = wholePower(draft, x, Math.floor(exponent / 2));
  const square = mul(draft, half, half);
  return exponent % 2 === 0 ? square : mul(draft, square, x);
}

/** e^(y·log x) for x > 0; its gradient descends from Log. */
export const power = (draft: Draft, x: ValueId, y: ValueId): ValueId => exp(draft, mul(draft, y, log(draft, x)));
