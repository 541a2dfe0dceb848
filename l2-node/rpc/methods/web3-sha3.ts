import { z } from "zod";
import { bytesOfHex } from "../../../common/bytes.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { method } from "../method.ts";
import { data } from "../schemas.ts";

export const web3Sha3 = method(z.tuple([data.meta({ title: "data" })]), (_context, [bytes]) =>
  keccakHex(bytesOfHex(bytes)),
);
