import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dataGasUp, l1FeePerByteWei } from "../../../l2-node/ledger/gas.ts";
import { Sequencer } from "../../../l2-node/sequencer/sequencer.ts";
import { SEALING } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const GWEI = 10n ** 9n;
const LAG = 10n;

let rig: RpcRig;
let lagging: Sequencer;
beforeEach(async () => {
  rig = await startRpcRig();
  lagging = new Sequencer({ ...SEALING, originLagBlocks: LAG }, { chain: rig.chain, mempool: rig.mempool });
});
afterEach(() => rig.stop());

/** L1's base fee falls by an eighth in each block, as EIP-1559 lets it. */
function fall(blocks: number): void {
  for (let i = 0; i < blocks; i++) {
    rig.l1.baseFeeWei -= rig.l1.baseFeeWei / 8n;
    rig.mine();
  }
}

describe("eth_estimateGas under a falling L1 base fee", () => {
  it("covers the dearer origin of the block that will include the transaction", async () => {
    rig.l1.baseFeeWei = 100n * GWEI;
    rig.mine();
    for (let i = 0; i < 12; i++) rig.mine();
    lagging.seal();
    fall(30);
    lagging.seal();
    const data = `0x${"ab".repeat(700)}` as const;
    const gas = BigInt(await rig.get("eth_estimateGas", { from: testAddress(0), to: testAddress(1), data }));
    const fees = {
      maxFeePerGas: BigInt(await rig.get("eth_gasPrice")),
      maxPriorityFeePerGas: BigInt(await rig.get("eth_maxPriorityFeePerGas")),
    };
    const raw = await signRaw({ gas, data, to: testAddress(1), ...fees });
    const hash = await rig.get("eth_sendRawTransaction", raw);
    const block = lagging.seal();
    expect(block?.transactions.map((transaction) => transaction.hash)).toEqual([hash]);
    expect(await rig.get("eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1" });

    // By the newest L1 block alone, with the same half to spare, it would not have fitted.
    const origin = rig.l1.headers[Number(block?.header.origin.number)];
    expect(rig.l1.head.number - (origin?.number ?? 0n)).toBe(LAG);
    const outcome = block?.transactions[0]?.outcome as { readonly priceWei: bigint; readonly dataGas: bigint };
    const newest = dataGasUp(raw.length / 2 - 1, l1FeePerByteWei(rig.l1.head.baseFeeWei), outcome.priceWei);
    expect(outcome.dataGas).toBeGreaterThan((newest * 3n) / 2n);
  });

  it("does not look back beyond the head's origin, however dear L1 was before", async () => {
    const estimate = async () => BigInt(await rig.get("eth_estimateGas", { from: testAddress(0), to: testAddress(1) }));
    const before = await estimate();
    rig.l1.baseFeeWei = 10_000_000n;
    rig.mine();
    rig.l1.baseFeeWei = 1_000_000n;
    rig.mine();
    expect(await estimate()).toBeGreaterThan(before);
    rig.seal();
    expect(await estimate()).toBe(before);
  });
});
