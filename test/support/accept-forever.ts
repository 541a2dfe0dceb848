// Accepts and seals transactions until it is killed; prints each hash after it was accepted, each block after it was sealed.
import { bytesOfHex } from "../../common/bytes.ts";
import { MemoryL1 } from "./memory-l1.ts";
import { follow, testNode } from "./node.ts";
import { signRaw, testAddress } from "./transactions.ts";

const ACCOUNTS = [0, 1, 2];
const l1 = new MemoryL1();
l1.mine(ACCOUNTS.map((n) => ({ kind: 1 as const, account: testAddress(n), amountWei: 10n ** 24n })));
const node = testNode(l1.chainFile(), process.argv[2]);
if (!node.store.l1.cursor()) follow(node.chain, l1);
if (node.chain.head().header.number === 0n) node.sequencer.seal();
node.chain.events.on("block", (block) => process.stdout.write(`sealed ${block.hash}\n`));

for (let round = 0; ; round++) {
  for (const key of ACCOUNTS) {
    const nonce = Number(node.mempool.pendingNonce(testAddress(key)));
    const hash = await node.mempool.add(bytesOfHex(await signRaw({ key, nonce })));
    process.stdout.write(`accepted ${hash}\n`);
  }
  if (round % 3 === 2) node.sequencer.seal();
}
