import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forwardTo } from "../../../l2-node/rpc/forward.ts";
import { signRaw } from "../../support/transactions.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

let sequencer: RpcRig;
let replica: RpcRig;

beforeAll(async () => {
  sequencer = await startRpcRig();
  replica = await startRpcRig({ context: { mempool: undefined, forward: forwardTo(sequencer.url, 2000) } });
});
afterAll(() => replica.stop());

describe("a replica that forwards", () => {
  it("hands transactions to the sequencer, and its refusals back word for word", async () => {
    const raw = await signRaw({});
    const hash = await replica.get("eth_sendRawTransaction", raw);
    expect(sequencer.mempool.get(hash as `0x${string}`)?.hash).toBe(hash);
    expect((await replica.ask("eth_sendRawTransaction", raw)).error).toEqual({
      code: -32000,
      message: "already known",
    });
  });

  it("says that nothing was sent where the sequencer cannot be reached", async () => {
    await sequencer.stop();
    const { error } = await replica.ask("eth_sendRawTransaction", await signRaw({ nonce: 1 }));
    expect(error).toMatchObject({ code: -32000, message: expect.stringContaining("nothing was sent") });
  });
});
