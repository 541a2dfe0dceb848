import { NobleBLS } from "@ethereumjs/evm";
import { bytesOfHex, concatBytes, fixedBytes, naturalOf } from "../../common/bytes.ts";

const FIELD = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
/** Order of the groups. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

// Points in EIP-2537's encoding. NEGATIVE_G1 and NEGATIVE_G2 are minus the generators; TAU_G2 is [τ]G2 of Ethereum's KZG
// ceremony (g2_monomial[1] of the consensus specifications' trusted_setup_4096.json).
const point = (...coordinates: readonly string[]): Uint8Array =>
  bytesOfHex(`0x${coordinates.map((coordinate) => coordinate.padStart(128, "0")).join("")}`);
const NEGATIVE_G1 = point(
  "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
  "114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca",
);
const NEGATIVE_G2 = point(
  "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
  "13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e",
  "0d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa",
  "13fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed",
);
const TAU_G2 = point(
  "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
  "15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72",
  "014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99",
  "1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f",
);

const bls = new NobleBLS();

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % FIELD; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % FIELD;
    square = (square * square) % FIELD;
  }
  return result;
}

/** A compressed G1 point (48 bytes, flags in the top bits) in EIP-2537's encoding; undefined if it is none. */
function decompress(compressed: Uint8Array): Uint8Array | undefined {
  const bits = naturalOf(compressed);
  const x = bits & (2n ** 381n - 1n);
  const [isCompressed, isInfinity, isUpper] = [(bits >> 383n) & 1n, (bits >> 382n) & 1n, (bits >> 381n) & 1n];
  if (isCompressed === 0n || x >= FIELD) return undefined;
  if (isInfinity === 1n) return x === 0n && isUpper === 0n ? new Uint8Array(128) : undefined;
  const square = (x * x * x + 4n) % FIELD;
  const root = power(square, (FIELD + 1n) / 4n); // FIELD ≡ 3 mod 4
  if ((root * root) % FIELD !== square) return undefined;
  const y = root > (FIELD - 1n) / 2n === (isUpper === 1n) ? root : FIELD - root;
  return concatBytes(fixedBytes(x, 64), fixedBytes(y, 64));
}

/**
 * EIP-4844's point evaluation: whether the polynomial committed to takes value y at z. False for anything malformed; the
 * precompile answers both alike.
 * e(C − [y]G1 + [z]π, −G2) · e(π, [τ]G2) = 1, which is e(C − [y]G1, G2) = e(π, [τ − z]G2).
 */
export function verifyKzgProof(commitment: Uint8Array, z: bigint, y: bigint, proof: Uint8Array): boolean {
  const [c, pi] = [decompress(commitment), decompress(proof)];
  if (c === undefined || pi === undefined || z >= ORDER || y >= ORDER) return false;
  try {
    const scalar = (value: bigint): Uint8Array => fixedBytes(value, 32);
    const left = bls.msmG1(concatBytes(c, scalar(1n), NEGATIVE_G1, scalar(y), pi, scalar(z)));
    return naturalOf(bls.pairingCheck(concatBytes(left, NEGATIVE_G2, pi, TAU_G2))) === 1n;
  } catch {
    return false; // a point outside the subgroup
  }
}

const absent = (): never => {
  throw new Error("blobs are not used on this chain");
};

/** What @ethereumjs asks for; only the point evaluation precompile is ever reached. */
export const kzg = {
  verifyProof: (commitment: string, z: string, y: string, proof: string): boolean =>
    verifyKzgProof(bytesOfHex(commitment), BigInt(z), BigInt(y), bytesOfHex(proof)),
  blobToKzgCommitment: absent,
  computeBlobProof: absent,
  verifyBlobProofBatch: absent,
  computeCells: absent,
  computeCellsAndProofs: absent,
  recoverCellsAndProofs: absent,
  verifyCellKzgProofBatch: absent,
};
