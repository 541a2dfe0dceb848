// `Math.min` takes no bigints, and the linter takes the written-out ternary for it.

export const least = (a: bigint, b: bigint): bigint => (b < a ? b : a);
export const most = (a: bigint, b: bigint): bigint => (b > a ? b : a);
