import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { stateAt } from "../blocks.ts";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, slot } from "../schemas.ts";
import { settledNumber } from "../settled.ts";

const MAX_SLOTS = 1024;

/**
 * An account and some of its storage with proofs (P11.6) against the world root of the last settled block unless another is
 * named; null while nothing is settled.
 */
export const anhGetProof = method(
  z.tuple([
    address,
    z.array(slot).max(MAX_SLOTS, `at most ${MAX_SLOTS} slots`).meta({ title: "slots" }),
    blockRef.optional(),
  ]),
  async (context, [account, slots, ref]) => {
    const at = ref === undefined ? settledNumber(context) : stateAt(context, ref);
    if (at === undefined) return null;
    const proven = await executionOf(context).stateProof(account, slots, at);
    const { nonce, balanceWei, codeHash } = proven.account;
    return plain({
      number: proven.number,
      stateRoot: proven.stateRoot,
      address: account,
      nonce,
      balance: balanceWei,
      codeHash,
      accountProof: proven.accountProof,
      storageProof: proven.slots.map(({ slot: key, value, proof }) => ({
        key,
        value: value === undefined ? ZERO_HASH : hexOf(value),
        proof,
      })),
    });
  },
);
