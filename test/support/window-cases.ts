// Convolutions, pools and what stands beside them, as the builders make them: each path of the runtime and of the canonical form.
import { constant, emit } from "../../verifier/graph/draft.ts";
import { batchNorm, normalised } from "../../verifier/ops/batch-norm.ts";
import { add, sliceAxis } from "../../verifier/ops/build.ts";
import { convolve, convolveTransposed } from "../../verifier/ops/convolve.ts";
import { averagePooled, globalAveragePooled, maxPooled } from "../../verifier/ops/pool.ts";
import { pad } from "../../verifier/ops/spatial.ts";
import { sumOver } from "../../verifier/ops/sums.ts";
import type { Window } from "../../verifier/ops/window.ts";
import { float32, type Shape } from "../../verifier/tensor/tensor.ts";
import type { Build } from "./gradient-error.ts";

export type WindowCase = readonly [name: string, shapes: readonly Shape[], build: Build];

export const windowed = (kernel: readonly number[], rest: Partial<Window> = {}): Window => ({
  kernel,
  strides: [1, 1],
  pads: [0, 0, 0, 0],
  dilations: [1, 1],
  ...rest,
});

const same = { pads: [1, 1, 1, 1] };

/** x, w and, where `shapes` has it, a bias. */
const conv =
  (window: Window, group = 1): Build =>
  (draft, [x, w, bias]) =>
    convolve(draft, { x: x!, w: w!, window, group, ...(bias === undefined ? {} : { bias }) });

const turned =
  (window: Window, group = 1, widened: readonly number[] = [0, 0]): Build =>
  (draft, [x, w, bias]) =>
    convolveTransposed(draft, { x: x!, w: w!, window, group, widened, ...(bias === undefined ? {} : { bias }) });

export const convolutions: readonly WindowCase[] = [
  ["conv 3×3 with padding", [[2, 1, 7, 6], [4, 1, 3, 3], [4]], conv(windowed([3, 3], same))],
  [
    "conv, everything uneven, two groups",
    [[2, 6, 7, 9], [4, 3, 3, 2], [4]],
    conv(windowed([3, 2], { strides: [2, 1], pads: [2, 1, 0, 3], dilations: [1, 2] }), 2),
  ],
  [
    "conv whose stride leaves a rest",
    [
      [1, 2, 8, 9],
      [3, 2, 3, 3],
    ],
    conv(windowed([3, 3], { strides: [3, 2] })),
  ],
  ["conv 1×1", [[2, 3, 4, 5], [4, 3, 1, 1], [4]], conv(windowed([1, 1]))],
  [
    "conv 1×1 of one channel",
    [
      [2, 1, 4, 5],
      [3, 1, 1, 1],
    ],
    conv(windowed([1, 1])),
  ],
  [
    "conv 1×1 with stride",
    [
      [2, 3, 5, 5],
      [4, 3, 1, 1],
    ],
    conv(windowed([1, 1], { strides: [2, 2] })),
  ],
  ["conv with a single filter", [[2, 3, 5, 5], [1, 3, 3, 3], [1]], conv(windowed([3, 3], same))],
  ["conv, depthwise", [[2, 3, 5, 5], [3, 1, 3, 3], [3]], conv(windowed([3, 3], same), 3)],
  [
    "conv, two filters per channel",
    [
      [2, 3, 5, 5],
      [6, 1, 3, 3],
    ],
    conv(windowed([3, 3], same), 3),
  ],
  ["conv of one position", [[2, 3, 4, 4], [5, 3, 4, 4], [5]], conv(windowed([4, 4]))],
  [
    "conv of one position, depthwise",
    [
      [2, 3, 4, 4],
      [3, 1, 4, 4],
    ],
    conv(windowed([4, 4]), 3),
  ],
  [
    "conv transposed, stride 2",
    [[2, 4, 4, 3], [4, 3, 3, 3], [3]],
    turned(windowed([3, 3], { strides: [2, 2], ...same }), 1, [1, 1]),
  ],
  [
    "conv transposed, everything uneven, two groups",
    [[2, 6, 4, 5], [6, 2, 3, 2], [4]],
    turned(windowed([3, 2], { strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 2] }), 2),
  ],
  ["conv transposed of one position", [[2, 4, 1, 1], [4, 2, 3, 3], [2]], turned(windowed([3, 3]))],
  [
    "conv transposed, one channel",
    [
      [2, 1, 3, 3],
      [1, 2, 2, 2],
    ],
    turned(windowed([2, 2], { strides: [2, 2] })),
  ],
];

/** One per block length of the kernel's chain: 1024, 512, 256, 128 by the positions, 128 where they outnumber the terms. */
export const blockedConvolutions: readonly WindowCase[] = [
  ...[
    [130, 4, 4],
    [130, 5, 5],
    [64, 7, 7],
    [64, 9, 9],
    [30, 17, 17],
  ].map(
    ([channels, height, width]): WindowCase => [
      `conv, ${channels! * 9} terms at ${height! * width!} positions`,
      [[1, channels!, height!, width!], [3, channels!, 3, 3], [3]],
      conv(windowed([3, 3], same)),
    ],
  ),
  ["conv transposed of 300 channels", [[1, 300, 3, 3], [300, 2, 3, 3], [2]], turned(windowed([3, 3], same))],
];

/** More products per element than one node may add up. */
export const longConvolutions: readonly WindowCase[] = [
  ["conv of 9,000 terms", [[1, 1000, 2, 2], [2, 1000, 3, 3], [2]], conv(windowed([3, 3], same))],
  ["conv of 9,009 terms, two groups", [[1, 2002, 2, 2], [4, 1001, 3, 3], [4]], conv(windowed([3, 3], same), 2)],
  ["conv of 9,000 terms, one position and one filter", [[1, 1000, 3, 3], [1, 1000, 3, 3], [1]], conv(windowed([3, 3]))],
  ["conv transposed of 1,000 channels", [[1, 1000, 2, 2], [1000, 2, 3, 3], [2]], turned(windowed([3, 3], same))],
  [
    "conv transposed of two groups of 1,001 channels",
    [[1, 2002, 2, 2], [2002, 1, 3, 3], [2]],
    turned(windowed([3, 3], { strides: [2, 2] }), 2, [1, 0]),
  ],
];

export const pools: readonly WindowCase[] = [
  ["max pool 2×2", [[2, 3, 6, 4]], (d, [x]) => maxPooled(d, x!, windowed([2, 2], { strides: [2, 2] }))],
  ["max pool with a rest", [[2, 2, 7, 8]], (d, [x]) => maxPooled(d, x!, windowed([3, 3], { strides: [3, 3] }))],
  [
    "max pool, overlapping and padded",
    [[2, 2, 7, 6]],
    (d, [x]) => maxPooled(d, x!, windowed([3, 3], { strides: [2, 2], pads: [1, 1, 0, 1] })),
  ],
  ["max pool, dilated", [[1, 2, 7, 7]], (d, [x]) => maxPooled(d, x!, windowed([2, 2], { dilations: [2, 3] }))],
  ["average pool 2×2", [[2, 3, 6, 4]], (d, [x]) => averagePooled(d, x!, windowed([2, 2], { strides: [2, 2] }), false)],
  [
    "average pool with a rest",
    [[1, 2, 7, 5]],
    (d, [x]) => averagePooled(d, x!, windowed([2, 2], { strides: [2, 2] }), false),
  ],
  [
    "average pool, padding not counted",
    [[2, 2, 5, 6]],
    (d, [x]) => averagePooled(d, x!, windowed([3, 3], { strides: [2, 1], ...same }), false),
  ],
  ["average pool, padding counted", [[2, 2, 5, 6]], (d, [x]) => averagePooled(d, x!, windowed([3, 3], same), true)],
  ["global average pool", [[2, 3, 5, 4]], (d, [x]) => globalAveragePooled(d, x!)],
  ["resize", [[2, 3, 2, 3]], (d, [x]) => emit(d, "Resize", [x!], { sizes: [2, 3, 6, 6] })],
];

export const besides: readonly WindowCase[] = [
  ["pad", [[2, 3, 4]], (d, [x]) => pad(d, x!, [0, 1, 2], [1, 0, 3])],
  [
    "slice with steps",
    [[7, 8, 3]],
    (d, [x]) => emit(d, "Slice", [x!], { starts: [1, 0, 0], ends: [7, 8, 3], steps: [2, 3, 1] }),
  ],
  ["tile", [[2, 3]], (d, [x]) => emit(d, "Concat", [x!, x!, x!], { axis: 1 })],
  [
    "batch norm",
    [[3, 4, 3, 2], [4], [4], [4], [4]],
    (d, [x, scale, shift, mean, variance]) =>
      batchNorm(
        d,
        x!,
        { scale: scale!, shift: shift!, mean: mean!, variance: variance! },
        { epsilon: 1e-3, momentum: 0.9 },
      ).y,
  ],
  [
    "normalisation by given statistics",
    [[3, 4, 3, 2], [4], [4]],
    (d, [x, scale, shift]) => {
      const [mean, variance] = [
        [0.1, 0.2, -0.3, 0],
        [0.5, 1, 2, 3],
      ].map((values) => constant(d, float32([4], values)));
      return normalised(d, x!, { scale: scale!, shift: shift!, mean: mean!, variance: variance! }, 1e-3);
    },
  ],
  ["sum over the first and last axes", [[2, 3, 4, 5]], (d, [x]) => sumOver(d, x!, [0, 2, 3])],
  ["sum over a middle and the last axis", [[2, 3, 4, 5]], (d, [x]) => sumOver(d, x!, [1, 3])],
  [
    "a residual block",
    [[2, 3, 5, 5], [3, 3, 3, 3], [3]],
    (d, [x, w, b]) => add(d, x!, conv(windowed([3, 3], same))(d, [x!, w!, b!], [])),
  ],
  ["parts of a split", [[2, 6]], (d, [x]) => add(d, sliceAxis(d, x!, 1, 0, 3), sliceAxis(d, x!, 1, 3, 6))],
];
