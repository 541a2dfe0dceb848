// Users of a chain under fault: what they do on L1 and L2, and whether it all adds up afterwards, by L1's own logs.
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, encodeFunctionData, type Hex, keccak256, parseEventLogs, toHex } from "viem";
import { expect } from "vitest";
import { devAccount, type Role } from "../../cli/stack/accounts.ts";
import { OUTBOX_ADDRESS } from "../../common/addresses.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { bridgeAbi } from "../../common/contracts/bridge.ts";
import { inboxAbi } from "../../common/contracts/inbox.ts";
import { outboxAbi } from "../../common/contracts/outbox.ts";
import { prepaidGasAbi } from "../../common/contracts/prepaid-gas.ts";
import { decodeMessage, type Message } from "../../common/message.ts";
import { parseTransaction } from "../../common/transaction.ts";
import { forceEnvelope } from "../../l2-node/l1/force.ts";
import { L1Sender } from "../../l2-node/l1/sender.ts";
import type { TestL1 } from "./l1.ts";
import type { Random } from "./random.ts";
import { signRaw, testAddress } from "./transactions.ts";
import { until } from "./until.ts";

const ETHER = 10n ** 18n;
const GAS = 120_000n;
const L2_CHAIN_ID = 42n;
const SENDERS = [10, 11, 12];
/** They send by force alone. */
const FORCERS = [20, 21];
/** Gets a wei per transfer and sends nothing; what is bridged goes to the other. */
const PAYEE = testAddress(30);
const BRIDGED = testAddress(31);
const PAYERS = ["user", "relayer", "executor", "tolerantExecutor"] as const satisfies readonly Role[];

/** A node's JSON-RPC; throws on errors. */
export type Call = <T>(method: string, ...params: unknown[]) => Promise<T>;

type Kind = "transfer" | "withdrawal";
interface Accepted {
  readonly hash: Hex;
  readonly kind: Kind;
  readonly sender: number;
}

interface WithdrawalProof {
  readonly number: Hex;
  readonly withdrawal: { readonly index: Hex; readonly from: Address; readonly to: Address; readonly amountWei: Hex };
  readonly proof: readonly Hex[];
}

interface RpcBlock {
  readonly hash: Hex;
  readonly number: Hex;
  readonly extraData: Hex;
  readonly transactions: readonly { hash: Hex; from: Address; gas: Hex; gasPrice: Hex }[];
}

/** Sends at random; remembers what a node said yes to. */
export function openTraffic(l1: Pick<TestL1, "client" | "chain">, random: Random, call: Call) {
  const { client, chain } = l1;
  const accepted: Accepted[] = [];
  const nonces = new Map<number, number>();
  const open = new Set<Promise<unknown>>();
  const senders = new Map<Role, L1Sender>(
    PAYERS.map((role) => {
      const { privateKey } = devAccount(role);
      const options = { privateKey, l1ChainId: chain.l1ChainId, bumpAfterMs: 1000, pollMs: 20 };
      return [role, new L1Sender(options, { client })];
    }),
  );
  const senderOf = (role: Role) => senders.get(role) as L1Sender;

  const gasDeposit = (n: number, valueWei: bigint) => ({
    to: chain.contracts.prepaidGas,
    data: encodeFunctionData({ abi: prepaidGasAbi, functionName: "deposit", args: [testAddress(n)] }),
    valueWei,
  });
  const ethDeposit = (to: Address) => ({
    to: chain.contracts.bridge,
    data: encodeFunctionData({ abi: bridgeAbi, functionName: "depositEth", args: [to] }),
    valueWei: ETHER,
  });

  /** What L1's Inbox holds, as its logs say now. */
  async function messages(): Promise<readonly Message[]> {
    const logs = await client.getLogs({ address: chain.contracts.inbox, fromBlock: 0n, toBlock: "latest" });
    const queued = parseEventLogs({ abi: inboxAbi, eventName: "MessageQueued", logs });
    return queued.map(({ args }) => decodeMessage(args.kind, args.body));
  }

  /** The next nonce is the one after what L1 has: a fork may have taken some, and two may force the same at once. */
  async function force(role: Role, n: number): Promise<void> {
    const nonce = forcedOf(await messages(), n).length;
    const envelope = await signRaw({ key: n, nonce, chainId: L2_CHAIN_ID, gas: GAS, to: PAYEE });
    await forceEnvelope(envelope, GAS, { client, chain, sender: senderOf(role) });
  }

  /** Sends until the node says that it has it: a killed one may not remember, or not have heard. */
  async function send(n: number, kind: Kind): Promise<void> {
    const nonce = nonces.get(n) ?? 0;
    nonces.set(n, nonce + 1);
    const data = encodeFunctionData({ abi: outboxAbi, functionName: "withdraw", args: [PAYEE] });
    const target = kind === "transfer" ? { to: PAYEE } : { to: OUTBOX_ADDRESS, data };
    const raw = await signRaw({ key: n, nonce, chainId: L2_CHAIN_ID, gas: GAS, value: 1n, ...target });
    const hash = keccak256(raw);
    for (;;) {
      const answer = await call<Hex>("eth_sendRawTransaction", raw).catch(String);
      if (answer === hash || /already known|nonce too low/.test(answer)) break;
      await sleep(30);
    }
    accepted.push({ hash, kind, sender: n });
  }

  const attempt = (work: Promise<unknown>): void => {
    const attempted = work.then(
      () => {},
      () => {}, // L1 may take it back before it is known to be there
    );
    open.add(attempted);
    attempted.then(() => open.delete(attempted));
  };

  return {
    accepted,
    messages,
    /** Prepaid gas and ETH for all who send. */
    async begin(): Promise<void> {
      for (const n of [...SENDERS, ...FORCERS]) await senderOf("user").send(gasDeposit(n, 10n * ETHER));
      for (const n of SENDERS) await senderOf("user").send(ethDeposit(testAddress(n)));
    },
    /** One thing somebody does; not waited for. */
    act(): void {
      const role = random.pick(PAYERS);
      const kind = random.below(10);
      if (kind < 2) attempt(senderOf(role).send(gasDeposit(random.pick(SENDERS), ETHER)));
      else if (kind < 4) attempt(senderOf(role).send(ethDeposit(BRIDGED)));
      else if (kind < 5) attempt(force(role, random.pick(FORCERS)));
      else attempt(send(random.pick(SENDERS), kind < 9 ? "transfer" : "withdrawal"));
    },
    /** Takes to L1 all that was withdrawn, once its blocks are settled: so much has the payee there, and no more. */
    async withdrawAll(): Promise<void> {
      const count = accepted.filter(({ kind }) => kind === "withdrawal").length;
      for (let index = 0; index < count; index++) {
        const { number, withdrawal, proof } = await until(
          async () => (await call<WithdrawalProof | null>("anh_getWithdrawalProof", toHex(index))) ?? undefined,
        );
        const [from, to] = [withdrawal.from, withdrawal.to];
        const leaf = { index: BigInt(withdrawal.index), from, to, amountWei: BigInt(withdrawal.amountWei) };
        const data = encodeFunctionData({
          abi: bridgeAbi,
          functionName: "finalizeWithdrawal",
          args: [BigInt(number), leaf, proof as never],
        });
        await senderOf("user").send({ to: chain.contracts.bridge, data });
        await expect(senderOf("user").send({ to: chain.contracts.bridge, data })).rejects.toThrowError();
      }
      expect(await client.getBalance({ address: PAYEE })).toBe(BigInt(count));
    },
    /** Everything that was begun has ended, well or not. */
    async quiet(): Promise<void> {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

export type Traffic = ReturnType<typeof openTraffic>;

/** Envelopes of forcer `n` that are included: the ones whose turn it is, in inbox order. */
function forcedOf(messages: readonly Message[], n: number): Hex[] {
  const hashes: Hex[] = [];
  for (const message of messages) {
    if (message.kind !== 7) continue;
    const { sender, nonce, hash } = parseTransaction(bytesOfHex(message.envelope), L2_CHAIN_ID);
    if (sender === testAddress(n) && nonce === BigInt(hashes.length)) hashes.push(hash);
  }
  return hashes;
}

/** Blocks 1 … `to` of one node, read once each unless they changed; undefined where it goes back just then. */
export function openBlocks(call: Call) {
  const blocks: RpcBlock[] = [];
  const at = (number: number) => call<RpcBlock | null>("eth_getBlockByNumber", `0x${number.toString(16)}`, true);
  return async (to: number): Promise<readonly RpcBlock[] | undefined> => {
    blocks.splice(to);
    while (blocks.length > 0 && (await at(blocks.length))?.hash !== blocks.at(-1)?.hash) blocks.pop();
    while (blocks.length < to) {
      const block = await at(blocks.length + 1);
      if (block === null) return undefined;
      blocks.push(block);
    }
    return [...blocks];
  };
}

/** What should be in the chain, and what a node says is. Equal, or something was lost or doubled. */
export interface Books {
  readonly included: readonly Hex[];
  readonly prepaidWei: Readonly<Record<number, bigint>>;
  readonly payeeWei: bigint;
  readonly bridgedWei: bigint;
  readonly withdrawals: bigint;
  readonly inboxCount: bigint;
}

export const inboxCountOf = ({ extraData }: RpcBlock): bigint => BigInt(`0x${extraData.slice(2 + 80, 2 + 96)}`);

/** By L1's logs, by what was accepted, and by the prices in the node's blocks. */
export function expectedBooks(
  messages: readonly Message[],
  accepted: readonly Accepted[],
  blocks: readonly RpcBlock[],
): Books {
  const forced = FORCERS.flatMap((n) => forcedOf(messages, n));
  const included = [...accepted.map(({ hash }) => hash), ...forced].sort();
  const paidWei = (n: number) =>
    messages.reduce((sum, m) => (m.kind === 1 && m.account === testAddress(n) ? sum + m.amountWei : sum), 0n);
  const spentWei = (n: number) =>
    blocks
      .flatMap(({ transactions }) => transactions)
      .reduce(
        (sum, { from, gas, gasPrice }) => (from === testAddress(n) ? sum + BigInt(gas) * BigInt(gasPrice) : sum),
        0n,
      );
  const ofKind = (kind: Kind) => BigInt(accepted.filter((one) => one.kind === kind).length);
  return {
    included,
    prepaidWei: Object.fromEntries([...SENDERS, ...FORCERS].map((n) => [n, paidWei(n) - spentWei(n)])),
    payeeWei: ofKind("transfer"),
    bridgedWei: messages.reduce((sum, m) => (m.kind === 2 && m.to === BRIDGED ? sum + m.amountWei : sum), 0n),
    withdrawals: ofKind("withdrawal"),
    inboxCount: BigInt(messages.length),
  };
}

export async function booksOf(call: Call, blocks: readonly RpcBlock[]): Promise<Books> {
  const last = blocks.at(-1) as RpcBlock;
  const wei = async (method: string, ...params: unknown[]) => BigInt(await call<Hex>(method, ...params));
  const prepaid = [...SENDERS, ...FORCERS].map(async (n) => [n, await wei("anh_getPrepaidGas", testAddress(n))]);
  return {
    included: blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash)).sort(),
    prepaidWei: Object.fromEntries(await Promise.all(prepaid)),
    payeeWei: await wei("eth_getBalance", PAYEE, last.number),
    bridgedWei: await wei("eth_getBalance", BRIDGED, last.number),
    withdrawals: await wei("eth_getStorageAt", OUTBOX_ADDRESS, "0x0", last.number),
    inboxCount: inboxCountOf(last),
  };
}
