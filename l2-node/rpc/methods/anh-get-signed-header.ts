import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { encodeHeader } from "../../../common/header.ts";
import { findNumber } from "../blocks.ts";
import { method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** A sealed header with the sequencer's signature (P3.9), from its own node; null elsewhere, and for what it did not seal. */
export const anhGetSignedHeader = method(z.tuple([blockRef]), ({ chain, ...context }, [ref]) => {
  const number = findNumber({ chain, ...context }, ref);
  const block = number === undefined ? undefined : chain.store.blocks.block(number);
  if (!block?.sealedHere || !context.signSealed) return null;
  return { header: hexOf(encodeHeader(block.header)), signature: context.signSealed(block.hash) };
});
