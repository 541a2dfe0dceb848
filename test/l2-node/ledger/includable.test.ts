import type { Address } from "viem";
import { describe, expect, it } from "vitest";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { creditLeaf } from "../../../common/credit.ts";
import { MAX_TRANSACTION_GAS } from "../../../common/gas.ts";
import { treeProof, treeRoot } from "../../../common/merkle.ts";
import type { Transaction } from "../../../common/transaction.ts";
import { applyInclusion, applyMessage } from "../../../l2-node/ledger/apply.ts";
import { nextBaseFeeWei } from "../../../l2-node/ledger/base-fee.ts";
import { floorGas, intrinsicGas } from "../../../l2-node/ledger/gas.ts";
import { includable, type LedgerContext } from "../../../l2-node/ledger/includable.ts";
import { EMPTY_ACCOUNT, type LedgerAccount, type LedgerOverlay, overlay } from "../../../l2-node/ledger/ledger.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { seededRandom } from "../../support/random.ts";
import { testAddress, unsigned } from "../../support/transactions.ts";

const sequencer: Address = `0x${"5e".repeat(20)}`;
const context: LedgerContext = {
  baseFeeWei: 1_000_000n,
  originL1FeePerByteWei: 40n * 1_000_000n,
  beneficiary: sequencer,
  creditsRoot: undefined,
};
const empty = () => overlay({ account: () => EMPTY_ACCOUNT });
const holding = (account: Partial<LedgerAccount>): LedgerOverlay => {
  const ledger = empty();
  ledger.set(testAddress(0), { ...EMPTY_ACCOUNT, prepaidWei: 10n ** 18n, ...account });
  return ledger;
};
const ruleOf = (
  fields: Partial<Transaction>,
  account: Partial<LedgerAccount> = {},
  at: Partial<LedgerContext> = {},
) => {
  const verdict = includable(holding(account), unsigned(fields), { ...context, ...at });
  return verdict.ok ? "included" : verdict.refusal.rule;
};

// price 2M: dataGas = ⌈110 × 40M / 2M⌉ = 2200; empty data: 21000 + 2200.
const NEEDED = 23_200n;
const PRICE = 2_000_000n;

describe("includable", () => {
  it("bounds the gas limit from below and above, exactly", () => {
    expect(ruleOf({ gasLimit: NEEDED - 1n })).toBe("gas-too-low");
    expect(ruleOf({ gasLimit: NEEDED })).toBe("included");
    expect(ruleOf({ gasLimit: MAX_TRANSACTION_GAS })).toBe("included");
    expect(ruleOf({ gasLimit: MAX_TRANSACTION_GAS + 1n })).toBe("gas-above-cap");
  });

  it("wants 25,000 gas for each authorization, valid or not", () => {
    const none = { chainId: 0n, address: testAddress(1), nonce: 0n, yParity: 0, r: 0n, s: 0n, authority: undefined };
    const rule = (count: number, gasLimit: bigint) =>
      ruleOf({ type: 4, authorizations: Array(count).fill(none), gasLimit });
    for (const count of [1, 3]) {
      expect(rule(count, NEEDED + 25_000n * BigInt(count) - 1n)).toBe("gas-too-low");
      expect(rule(count, NEEDED + 25_000n * BigInt(count))).toBe("included");
    }
  });

  it("takes exactly the next nonce", () => {
    expect(ruleOf({ nonce: 4n }, { nonce: 5n })).toBe("nonce-too-low");
    expect(ruleOf({ nonce: 5n }, { nonce: 5n })).toBe("included");
    expect(ruleOf({ nonce: 6n }, { nonce: 5n })).toBe("nonce-too-high");
  });

  it("takes fees from base fee upwards, tip ≤ fee", () => {
    expect(ruleOf({ maxFeeWei: 999_999n, maxTipWei: 0n })).toBe("fee-below-base-fee");
    expect(ruleOf({ maxFeeWei: 1_000_000n, maxTipWei: 0n })).toBe("included");
    expect(ruleOf({ maxFeeWei: 1_000_000n, maxTipWei: 1_000_001n })).toBe("tip-above-fee");
  });

  it("holds initcode, not calldata, to 49,152 bytes", () => {
    const at = (length: number, to: Address | null) =>
      ruleOf({ to, data: new Uint8Array(length), gasLimit: 1_000_000n });
    expect(at(49_152, null)).toBe("included");
    expect(at(49_153, null)).toBe("initcode-too-long");
    expect(at(49_153, testAddress(1))).toBe("included");
  });

  it("wants gasLimit × price in prepaid gas, to the wei", () => {
    expect(ruleOf({}, { prepaidWei: 100_000n * PRICE - 1n })).toBe("insufficient-prepaid");
    expect(ruleOf({}, { prepaidWei: 100_000n * PRICE })).toBe("included");
  });

  it("wants the amount of toBalance on top, and refuses value or other calls to LEDGER", () => {
    const data = bytesOfHex(encodeLedgerMessage({ kind: "toBalance", amountWei: 7n }));
    expect(ruleOf({ to: LEDGER_ADDRESS, data }, { prepaidWei: 100_000n * PRICE + 6n })).toBe("insufficient-prepaid");
    expect(ruleOf({ to: LEDGER_ADDRESS, data }, { prepaidWei: 100_000n * PRICE + 7n })).toBe("included");
    expect(ruleOf({ to: LEDGER_ADDRESS, data, valueWei: 1n })).toBe("ledger-message");
    expect(ruleOf({ to: LEDGER_ADDRESS })).toBe("ledger-message");
    expect(ruleOf({ to: LEDGER_ADDRESS, data: data.subarray(0, 35) })).toBe("ledger-message");
    expect(ruleOf({ to: LEDGER_ADDRESS, data: Uint8Array.from([...data, 0]) })).toBe("ledger-message");
  });

  it("redeems the new part of a settled credit once, its own fee out of it", () => {
    const leaves = [1, 0, 2].map((n) => creditLeaf(testAddress(n), 100_000n * PRICE));
    const creditsRoot = treeRoot(leaves);
    const redeem = (cumulativeWei: bigint, index: bigint) =>
      bytesOfHex(encodeLedgerMessage({ kind: "redeem", cumulativeWei, index, proof: treeProof(leaves, 1) }));
    const data = redeem(100_000n * PRICE, 1n);
    const rule = (account: Partial<LedgerAccount>, bytes = data, at: Partial<LedgerContext> = { creditsRoot }) =>
      ruleOf({ to: LEDGER_ADDRESS, data: bytes }, account, at);
    expect(rule({ prepaidWei: 0n }, data, {})).toBe("credit-proof");
    expect(rule({ prepaidWei: 0n }, redeem(100_000n * PRICE + 1n, 1n))).toBe("credit-proof");
    expect(rule({ prepaidWei: 0n }, redeem(100_000n * PRICE, 0n))).toBe("credit-proof");
    expect(rule({ prepaidWei: 0n, redeemedWei: 1n })).toBe("insufficient-prepaid");
    expect(rule({ prepaidWei: 1n, redeemedWei: 1n })).toBe("included");
    expect(rule({ redeemedWei: 100_000n * PRICE })).toBe("credit-proof");

    const ledger = holding({ prepaidWei: 5n });
    const transaction = unsigned({ to: LEDGER_ADDRESS, data });
    const verdict = includable(ledger, transaction, { ...context, creditsRoot });
    if (!verdict.ok) throw new Error(verdict.refusal.rule);
    applyInclusion(ledger, transaction, verdict.inclusion, context);
    expect(ledger.account(testAddress(0))).toEqual({ prepaidWei: 5n, nonce: 1n, redeemedWei: 100_000n * PRICE });
  });

  it("keeps the sum: prepaid = deposits − Σ gasLimit × price + Σ dataGas × price − moved, over 3,000 random steps", () => {
    const random = seededRandom(7);
    const ledger = empty();
    let expectedWei = 0n;
    let included = 0;
    for (let i = 0; i < 3000; i++) {
      const sender = testAddress(random.below(4));
      if (random.below(3) === 0) {
        const amountWei = BigInt(random.below(1_000_000)) * 1_000_000n;
        applyMessage(ledger, { kind: 1, account: sender, amountWei });
        expectedWei += amountWei;
        continue;
      }
      const amountWei = BigInt(random.below(1_000_000_000));
      const moves = random.below(3) === 0;
      const transaction = unsigned({
        sender,
        nonce: ledger.account(sender).nonce + BigInt(random.below(10) === 0 ? 1 : 0),
        gasLimit: BigInt(20_000 + random.below(200_000)),
        maxTipWei: BigInt(random.below(3_000_000)),
        maxFeeWei: BigInt(900_000 + random.below(4_000_000)),
        ...(moves
          ? { to: LEDGER_ADDRESS, data: bytesOfHex(encodeLedgerMessage({ kind: "toBalance", amountWei })) }
          : {}),
      });
      const verdict = includable(ledger, transaction, context);
      if (!verdict.ok) continue;
      const { priceWei, dataGas } = verdict.inclusion;
      applyInclusion(ledger, transaction, verdict.inclusion, context);
      expectedWei -= (transaction.gasLimit - dataGas) * priceWei + (moves ? amountWei : 0n);
      included++;
    }
    const all = [...[0, 1, 2, 3].map(testAddress), sequencer].map((address) => ledger.account(address).prepaidWei);
    expect(all.every((wei) => wei >= 0n)).toBe(true);
    expect(all.reduce((sum, wei) => sum + wei, 0n)).toBe(expectedWei);
    expect(included).toBeGreaterThan(300);
  });
});

describe("gas", () => {
  it("counts calldata, creation, access lists and the floor as the EIPs do", () => {
    const data = Uint8Array.of(0, 0, 1);
    const to = testAddress(1);
    expect(intrinsicGas({ to, data, accessList: [] })).toBe(21_024n);
    expect(intrinsicGas({ to: null, data, accessList: [] })).toBe(21_024n + 32_000n + 2n);
    const accessList = [{ address: to, storageKeys: [`0x${"00".repeat(32)}` as const] }];
    expect(intrinsicGas({ to, data, accessList })).toBe(21_024n + 4300n);
    expect(floorGas(data)).toBe(21_060n);
  });
});

describe("nextBaseFeeWei", () => {
  const next = (gasUsed: bigint, baseFeeWei = 8_000_000n) =>
    nextBaseFeeWei({ baseFeeWei, gasUsed, gasLimit: 60_000_000n });
  it("rises and falls by at most an eighth and never below 10⁶ wei", () => {
    expect(next(30_000_000n)).toBe(8_000_000n);
    expect(next(60_000_000n)).toBe(9_000_000n);
    expect(next(0n)).toBe(7_000_000n);
    expect(next(30_000_001n, 1_000_000n)).toBe(1_000_001n);
    expect(next(0n, 1_000_000n)).toBe(1_000_000n);
  });
});
