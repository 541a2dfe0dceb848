import type { Refusal } from "./includable.ts";

// Texts wallets and libraries match on; they begin as go-ethereum's do.
const texts: Record<Refusal["rule"], (refusal: Refusal) => string> = {
  "nonce-too-low": (r) => `nonce too low: next nonce ${r.required}, tx nonce ${r.available}`,
  "nonce-too-high": (r) => `nonce too high: next nonce ${r.required}, tx nonce ${r.available}`,
  "gas-above-cap": (r) => `transaction gas limit too high (cap: ${r.required}, tx: ${r.available})`,
  "gas-too-low": (r) =>
    `intrinsic gas too low: gas ${r.available}, minimum needed ${r.required}${
      r.postingGas === undefined
        ? ""
        : `: ${r.required - r.postingGas} to run it and ${r.postingGas} to post its bytes to L1`
    }`,
  "tip-above-fee": (r) => `max priority fee per gas higher than max fee per gas: ${r.required} > ${r.available}`,
  "fee-below-base-fee": (r) =>
    `max fee per gas less than block base fee: maxFeePerGas ${r.available}, baseFee ${r.required}`,
  "initcode-too-long": (r) => `max initcode size exceeded: code size ${r.available}, limit ${r.required}`,
  "ledger-message": () => "ledger message not understood: send toBalance, redeem or cancel, without value",
  "credit-proof": () => "credit not redeemable: nothing new, or no proof under the last settled credits root",
  "insufficient-prepaid": (r) =>
    `insufficient funds for gas * price + value: prepaid gas has ${r.available} wei, needed ${r.required} wei, missing ${r.required - r.available} wei`,
};

export const refusalText = (refusal: Refusal): string => texts[refusal.rule](refusal);
