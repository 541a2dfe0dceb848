// keccak-256 of many pairs of 32-byte nodes at once, a level of a Merkle tree per call: a WebAssembly function, assembled
// here after FIPS 202 (with Keccak's own padding), that keeps two states side by side in 128-bit registers. Pair by pair
// through a general library it takes three times as long.
const LANES = 25;
const ROUNDS = 24;
/** With a digest of 32 bytes the rate is 136 bytes: the padding's last bit lies in lane 16. */
const RATE_LANES = 17;
const MESSAGE_LANES = 8;
const DIGEST_LANES = 4;

/** Where the pairs lie in the memory; before them the round constants. */
const NODES_AT = 1024;
const PAGE_BYTES = 65_536;
const PAGES = 4;
/** Nodes that a call can take. */
export const MAX_NODES = 4096;

const index = (x: number, y: number): number => (x % 5) + 5 * (y % 5);

/** FIPS 202 §3.2.2: rotations of the lanes. */
function rotations(): number[] {
  const offsets = new Array<number>(LANES).fill(0);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    offsets[index(x, y)] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return offsets;
}

/** FIPS 202 §3.2.5: bit 2^j − 1 of constant r is bit j + 7r of a shift register. */
function roundConstants(): bigint[] {
  let register = 1;
  const nextBit = (): boolean => {
    const bit = (register & 1) !== 0;
    register <<= 1;
    if (register & 0x100) register ^= 0x171;
    return bit;
  };
  return Array.from({ length: ROUNDS }, () => {
    let constant = 0n;
    for (let j = 0; j < 7; j++) if (nextBit()) constant |= 1n << BigInt(2 ** j - 1);
    return constant;
  });
}

const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...leb(code), ...rest];
const get = (local: number): number[] => [0x20, ...leb(local)];
const set = (local: number): number[] => [0x21, ...leb(local)];
const tee = (local: number): number[] => [0x22, ...leb(local)];
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];
const i32 = (value: number): number[] => [0x41, ...signed(value)];
function signed(value: number): number[] {
  const low = value & 127;
  const rest = value >> 7;
  const ends = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
  return ends ? [low] : [low | 128, ...signed(rest)];
}
const memarg = (offset: number): number[] => [0, ...leb(offset)];
const xor = simd(81);
const or = simd(80);
/** a & ~b */
const andNot = simd(79);
const rotate = (local: number, by: number): number[] =>
  by === 0
    ? get(local)
    : [...get(local), ...i32(by), ...simd(203), ...get(local), ...i32(64 - by), ...simd(205), ...or];

// Locals of the function (pairs: i32): where to read, where to write, the round, then the lanes and what is derived of them.
const [PAIRS, FROM, TO, ROUND] = [0, 1, 2, 3];
const A = 4;
const B = A + LANES;
const C = B + LANES;
const D = C + 5;

function round(): number[] {
  const offsets = rotations();
  const code: number[] = [];
  for (let x = 0; x < 5; x++) {
    code.push(...get(A + index(x, 0)));
    for (let y = 1; y < 5; y++) code.push(...get(A + index(x, y)), ...xor);
    code.push(...set(C + x));
  }
  for (let x = 0; x < 5; x++)
    code.push(...get(C + ((x + 4) % 5)), ...rotate(C + ((x + 1) % 5), 1), ...xor, ...set(D + x)); // θ
  for (let y = 0; y < 5; y++)
    for (let x = 0; x < 5; x++) {
      const lane = A + index(x, y);
      code.push(...get(lane), ...get(D + x), ...xor, ...set(lane));
      code.push(...rotate(lane, offsets[index(x, y)]!), ...set(B + index(y, 2 * x + 3 * y))); // ρ, π
    }
  for (let y = 0; y < 5; y++)
    for (let x = 0; x < 5; x++)
      code.push(
        ...get(B + index(x, y)),
        ...get(B + index(x + 2, y)),
        ...get(B + index(x + 1, y)),
        ...andNot,
        ...xor,
        ...set(A + index(x, y)), // χ
      );
  return [...code, ...get(A), ...get(ROUND), ...simd(10, ...memarg(0)), ...xor, ...set(A)]; // ι
}

/** Two messages, 64 bytes each, at FROM. */
function absorb(): number[] {
  const code: number[] = [];
  for (let i = 0; i < LANES; i++) {
    if (i < MESSAGE_LANES) {
      code.push(...get(FROM), ...get(FROM), ...simd(93, ...memarg(8 * i)));
      code.push(...simd(87, ...memarg(8 * (i + MESSAGE_LANES)), 1));
    } else {
      const padding = i === MESSAGE_LANES ? [1, 0] : i === RATE_LANES - 1 ? [0, 0x80] : [0, 0];
      const lane = [padding[0]!, 0, 0, 0, 0, 0, 0, padding[1]!];
      code.push(...simd(12, ...lane, ...lane));
    }
    code.push(...set(A + i));
  }
  return code;
}

function squeeze(): number[] {
  const code: number[] = [];
  for (const lane of [0, 1])
    for (let i = 0; i < DIGEST_LANES; i++)
      code.push(...get(TO), ...get(A + i), ...simd(91, ...memarg(8 * (i + lane * DIGEST_LANES)), lane));
  return code;
}

const add = (local: number, value: number): number[] => [...get(local), ...i32(value), 0x6a];
const LOOP = [0x03, 0x40];
const END = 0x0b;
const BRANCH_IF = [0x0d, 0];

/** reduce(pairs): every two pairs from NODES_AT on become their two hashes, written from NODES_AT on. */
function reduceCode(): number[] {
  const I32 = 0x7f;
  const V128 = 0x7b;
  return [
    ...[2, ...leb(3), I32, ...leb(2 * LANES + 10), V128],
    ...[...i32(NODES_AT), ...tee(FROM), ...set(TO)],
    ...LOOP,
    ...absorb(),
    ...[...i32(0), ...set(ROUND)],
    ...[...LOOP, ...round(), ...add(ROUND, 8), ...tee(ROUND), ...i32(8 * ROUNDS), 0x48, ...BRANCH_IF, END],
    ...squeeze(),
    ...[...add(FROM, 128), ...set(FROM), ...add(TO, 64), ...set(TO)],
    ...[...add(PAIRS, -2), ...tee(PAIRS), ...i32(0), 0x4a, ...BRANCH_IF, END],
    END,
  ];
}

function assemble(): Uint8Array<ArrayBuffer> {
  const name = (text: string) => sized([...Buffer.from(text)]);
  const section = (id: number, items: readonly number[][]) => [id, ...sized([...leb(items.length), ...items.flat()])];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, 1, 0x7f, 0]]),
    ...section(3, [[0]]),
    ...section(5, [[0, PAGES]]),
    ...section(7, [
      [...name("memory"), 2, 0],
      [...name("reduce"), 0, 0],
    ]),
    ...section(10, [sized(reduceCode())]),
  ]);
}

type Reducer = { readonly memory: { readonly buffer: ArrayBuffer }; readonly reduce: (pairs: number) => void };
/** What is used of it: Node's types know the name but none of its values. */
type Assembly = {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Reducer };
};

const { Module, Instance } = (globalThis as unknown as { WebAssembly: Assembly }).WebAssembly;
const { memory, reduce } = new Instance(new Module(assemble())).exports;
if (NODES_AT + 32 * MAX_NODES > PAGES * PAGE_BYTES) throw new RangeError("the nodes do not fit into the memory");
new BigUint64Array(memory.buffer).set(roundConstants());

/** The nodes that `hashPairs` works on: filled by its caller, one after the other. */
export const nodes = new Uint8Array(memory.buffer, NODES_AT, 32 * MAX_NODES);

/** Node i becomes keccak256(node 2i ‖ node 2i + 1), for i below `pairs`; what lies behind is undefined afterwards. */
export const hashPairs = (pairs: number): void => reduce(pairs);
