/** The float32 of these 32 bits, for showing. */
export const floatOfBits = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
