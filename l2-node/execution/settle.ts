import { largerOf, smallerOf } from "../../common/bigint.ts";
import { FORCED_CALL_TYPE } from "../../common/forced-call.ts";
import { floorGas } from "../ledger/gas.ts";
import { addBalance } from "./account.ts";
import type { IncludedTransaction, SourceBlock } from "./source.ts";
import type { WorldState } from "./state.ts";
import { accountantFeesSlot, addNatural, creditSlot } from "./system.ts";

/** A transaction with the block that included it. */
export interface Included {
  readonly block: SourceBlock;
  readonly position: number;
  readonly entry: IncludedTransaction;
}

/** Gas a finished transaction used: the EVM's, at least EIP-7623's floor, and what left as data and quote (P12.6). */
export function gasUsedOf({ entry }: Included, evmGas: bigint, quoteGas: bigint): bigint {
  const floor = floorGas(entry.transaction.data);
  const gas = entry.dataGas + quoteGas + largerOf(evmGas, floor);
  return smallerOf(gas, entry.transaction.gasLimit);
}

/**
 * Distributes gasLimit × price, debited at inclusion (P2.7): the unused part to the sender's credit, tips to the
 * sequencer's, the base fee to the accountant. dataGas was paid at inclusion and quoteGas when parking. Returns the
 * charged gas. Fees are split by the including block's base fee, at which the price was formed.
 */
export function settle(state: WorldState, included: Included, evmGas: bigint, quoteGas: bigint): bigint {
  const { block, entry } = included;
  const { gasLimit, sender, type } = entry.transaction;
  const gasUsed = gasUsedOf(included, evmGas, quoteGas);
  const chargedGas = largerOf(gasUsed, gasLimit / 2n);
  const feeGas = chargedGas - entry.dataGas - quoteGas;
  const unusedWei = (gasLimit - chargedGas) * entry.priceWei;
  // Only who can sign can redeem credit; what L1 sent may be a contract's.
  if (type === FORCED_CALL_TYPE) addBalance(state, sender, unusedWei);
  else addNatural(state, creditSlot(sender), unusedWei);
  // Forced ones may pay less than the base fee.
  const baseWei = smallerOf(entry.priceWei, block.baseFeeWei);
  addNatural(state, creditSlot(block.beneficiary), feeGas * (entry.priceWei - baseWei));
  addNatural(state, accountantFeesSlot(), feeGas * baseWei);
  return chargedGas;
}
