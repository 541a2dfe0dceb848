import { encodeBatch } from "../../common/batch.ts";
import { type Block, postedOf } from "../chain/block.ts";

/** What a batch of these blocks posts (P3.5): the same bytes each time. */
export const batchData = (blocks: readonly Block[]): Uint8Array =>
  encodeBatch(blocks.map((block) => postedOf(block).map(({ raw }) => raw)));
