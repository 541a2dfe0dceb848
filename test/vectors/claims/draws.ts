// What the vectors draw their fields from.
import { type Hex, hexToBigInt } from "viem";
import { hexOf } from "../../../common/bytes.ts";
import type { Random } from "../../support/random.ts";

export const word = (random: Random): Hex => hexOf(random.bytes(32));
export const number = (random: Random, bytes: number): bigint => hexToBigInt(hexOf(random.bytes(bytes)));
