import { z } from "zod";
import { bytesOfHex } from "../../../common/bytes.ts";
import { RpcError } from "../errors.ts";
import { method } from "../method.ts";
import { envelope } from "../schemas.ts";

/** Answers when the transaction is durable in the mempool; inclusion is the sequencer's next block. */
export const ethSendRawTransaction = method(
  z.tuple([envelope.meta({ title: "transaction" })]),
  ({ mempool, forward }, [raw]) => {
    if (mempool) return mempool.add(bytesOfHex(raw));
    if (forward) return forward(raw);
    throw new RpcError(
      "unsupported",
      "a replica takes no transactions; send them to the sequencer, or start it with --forward-url, which hands them on",
    );
  },
);
