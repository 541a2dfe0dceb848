import { z } from "zod";
import { RpcError } from "./errors.ts";
import { type Method, method } from "./method.ts";

const SHARED = "every node derives the same state from what L1 holds";
const REASONS = {
  state: `${SHARED}, so none can be set by hand: bridge ETH, pay gas in, or override state in eth_call and eth_simulateV1`,
  history: `sealed blocks are anchored on L1 and cannot be taken back: start a fresh chain with ./anh dev, or revert L1`,
  time: "L2 time follows L1's: move that with evm_increaseTime at the L1's own RPC, and blocks will follow",
  mining: "the sequencer seals as transactions and L1 blocks arrive, and at the latest at its heartbeat",
  keys: `${SHARED}, signatures included: name any sender in eth_call, eth_simulateV1 and debug_traceCall instead`,
  fees: "prices follow from the blocks before and from L1's (P2.7)",
} as const;

/** Methods of other development chains that cannot be honest here, by what they would change. */
const METHODS: Readonly<Record<keyof typeof REASONS, readonly string[]>> = {
  state: [
    ...["setBalance", "setCode", "setNonce", "setStorageAt"].flatMap((name) => [`anvil_${name}`, `hardhat_${name}`]),
    ...["anvil_addBalance", "anvil_dealERC20", "anvil_loadState", "evm_setAccountBalance", "evm_setAccountCode"],
    ...["evm_setAccountNonce", "evm_setAccountStorageAt"],
  ],
  history: ["evm_snapshot", "evm_revert", "anvil_reset", "hardhat_reset", "anvil_reorg", "anvil_rollback"],
  time: [
    ...["evm_increaseTime", "evm_setNextBlockTimestamp", "evm_setTime", "anvil_increaseTime", "anvil_setTime"],
    ...["anvil_setNextBlockTimestamp", "anvil_setBlockTimestampInterval", "hardhat_setPrevRandao"],
  ],
  mining: [
    ...["evm_mine", "anvil_mine", "hardhat_mine", "evm_setAutomine", "evm_setIntervalMining", "anvil_setAutoMine"],
    ...["anvil_setIntervalMining", "evm_setBlockGasLimit", "hardhat_setCoinbase", "anvil_setCoinbase"],
    ...["anvil_dropTransaction", "hardhat_dropTransaction"],
  ],
  keys: ["impersonateAccount", "stopImpersonatingAccount", "autoImpersonateAccount"].flatMap((name) => [
    `anvil_${name}`,
    `hardhat_${name}`,
  ]),
  fees: ["setMinGasPrice", "setNextBlockBaseFeePerGas"].flatMap((name) => [`anvil_${name}`, `hardhat_${name}`]),
};

const refusing = (name: string, reason: string): Method =>
  method(z.array(z.unknown()), () => {
    throw new RpcError("unsupported", `${name} is not supported: ${reason}`);
  });

/** One refusal per name, each with its reason. */
export const refusedMethods: Readonly<Record<string, Method>> = Object.fromEntries(
  Object.entries(METHODS).flatMap(([why, names]) =>
    names.map((name) => [name, refusing(name, REASONS[why as keyof typeof REASONS])]),
  ),
);
