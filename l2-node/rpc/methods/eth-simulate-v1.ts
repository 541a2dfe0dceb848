import type { Address, Hex } from "viem";
import { z } from "zod";
import { ZERO_HASH } from "../../../common/hash.ts";
import type { Block } from "../../chain/block.ts";
import type { RunBlock } from "../../execution/run.ts";
import { type Simulation, SimulationError } from "../../execution/simulate.ts";
import { nextBaseFeeWei } from "../../ledger/base-fee.ts";
import { foundBlock } from "../blocks.ts";
import { toBlockOverrides, toCall, toOverrides } from "../calls.ts";
import { type RPC_CODE, RpcError } from "../errors.ts";
import { executionOf, method, type RpcContext } from "../method.ts";
import { blockOverrides, blockRef, callRequest, LATEST, type StateOverrideParams, stateOverrides } from "../schemas.ts";
import { type AskedFees, formatSimulated, simulatedBlock } from "../simulated-block.ts";

const MAX_BLOCKS = 256;
const MAX_CALLS = 1000;
/** Between simulated blocks, unless they say otherwise: execution-apis' figure. */
const BLOCK_SECONDS = 12n;

const blockStateCall = z.object({
  blockOverrides: blockOverrides.nullish(),
  stateOverrides: stateOverrides.nullish(),
  calls: z.array(callRequest).max(MAX_CALLS).nullish(),
});
const simulation = z.object({
  blockStateCalls: z.array(blockStateCall).min(1, "empty input").max(MAX_CALLS),
  traceTransfers: z.boolean().nullish(),
  validation: z.boolean().nullish(),
  returnFullTransactions: z.boolean().nullish(),
});
type Asked = z.output<typeof blockStateCall>;

/** Blocks of calls, one on top of the other. Fees are judged on demand and never debited: they are prepaid. */
export const ethSimulateV1 = method(
  z.tuple([simulation.meta({ title: "simulation" }), blockRef.optional()]),
  async (context, [{ blockStateCalls, ...options }, ref = LATEST]) => {
    const base = foundBlock(context, ref);
    const plan = planOf(blockStateCalls, base);
    for (const { asked } of plan) checkMoves(asked.stateOverrides ?? {});
    const modes = {
      validation: options.validation ?? false,
      traceTransfers: options.traceTransfers ?? false,
      prepaidWei: prepaidBy(context, blockStateCalls),
    };
    return context.gate(() =>
      executionOf(context).simulate(base.header.number, modes, (opened) =>
        run(context, opened, base, plan, modes.validation, options.returnFullTransactions ?? false),
      ),
    );
  },
);

/** Prepaid gas of all who send something. */
const prepaidBy = ({ chain }: RpcContext, blocks: readonly Asked[]): ReadonlyMap<Address, bigint> =>
  new Map(
    blocks
      .flatMap(({ calls }) => calls ?? [])
      .flatMap(({ from }) => (from == null ? [] : [[from, chain.store.blocks.account(from).prepaidWei]])),
  );

interface Planned {
  readonly asked: Asked;
  readonly number: bigint;
  readonly timestamp: bigint;
}

/** Numbers and times of all blocks, those left out between two numbers included. */
function planOf(blocks: readonly Asked[], base: Block): Planned[] {
  const plan: Planned[] = [];
  let last = { number: base.header.number, timestamp: base.header.timestamp };
  for (const asked of blocks) {
    const number = asked.blockOverrides?.number ?? last.number + 1n;
    if (number <= last.number)
      throw new RpcError("blockOrder", `block numbers must be in order: ${number} <= ${last.number}`);
    if (number - base.header.number > BigInt(MAX_BLOCKS)) throw new RpcError("tooManyBlocks", "too many blocks");
    while (last.number + 1n < number) {
      last = { number: last.number + 1n, timestamp: last.timestamp + BLOCK_SECONDS };
      plan.push({ asked: {}, ...last });
    }
    const timestamp = asked.blockOverrides?.time ?? last.timestamp + BLOCK_SECONDS;
    if (timestamp <= last.timestamp)
      throw new RpcError("timestampOrder", `block timestamps must be in order: ${timestamp} <= ${last.timestamp}`);
    last = { number, timestamp };
    plan.push({ asked, ...last });
  }
  return plan;
}

/** The EVM's own precompiles at Osaka; the DNN precompile stays where it is. */
const isPrecompile = (address: string): boolean => {
  const number = BigInt(address);
  return (number >= 1n && number <= 0x11n) || number === 0x100n;
};

function checkMoves(overrides: StateOverrideParams): void {
  for (const [address, { movePrecompileToAddress: to }] of Object.entries(overrides)) {
    if (to === undefined) continue;
    if (!isPrecompile(address)) throw new RpcError("server", `account ${address} is not a precompile`);
    if (to === address)
      throw new RpcError("precompileToItself", `MovePrecompileToAddress referenced itself in replacement: ${address}`);
  }
}

async function run(
  context: RpcContext,
  opened: Simulation,
  base: Block,
  plan: readonly Planned[],
  validation: boolean,
  full: boolean,
) {
  const answers: unknown[] = [];
  const hashes = new Map<number, Hex>();
  let parent: Pick<Block, "header" | "hash"> = base;
  for (const { asked, number, timestamp } of plan) {
    const env = environment(parent, asked, { number, timestamp }, validation);
    const calls = (asked.calls ?? []).map((call) => ({
      ...toCall(context, call),
      gasLimit: call.gas ?? undefined,
      ...pricesOf(call, env.baseFeeWei),
    }));
    const outcomes = await opened
      .runBlock(env, toOverrides(asked.stateOverrides ?? undefined), calls, hashes)
      .catch((error: unknown) => {
        throw error instanceof SimulationError ? new RpcError(CODES[error.code] ?? "server", error.message) : error;
      });
    const block = simulatedBlock(parent, env, outcomes, calls, context.chain.file.l2ChainId);
    hashes.set(Number(number), block.hash);
    answers.push(formatSimulated(block, outcomes, full));
    parent = block;
  }
  return answers;
}

const CODES: Readonly<Record<string, keyof typeof RPC_CODE>> = {
  "nonce-too-low": "nonceTooLow",
  "nonce-too-high": "nonceTooHigh",
  "nonce-max": "internal",
  "base-fee": "baseFeeTooLow",
  intrinsic: "intrinsicGasTooLow",
  funds: "insufficientFunds",
  "block-gas": "blockGasLimit",
  initcode: "initcodeTooLong",
};

function environment(
  { header }: Pick<Block, "header">,
  asked: Asked,
  at: Pick<RunBlock, "number" | "timestamp">,
  validation: boolean,
): RunBlock {
  const overrides = toBlockOverrides(asked.blockOverrides ?? undefined);
  return {
    ...at,
    beneficiary: overrides.beneficiary ?? header.beneficiary,
    gasLimit: overrides.gasLimit ?? header.gasLimit,
    mixHash: overrides.mixHash ?? ZERO_HASH,
    baseFeeWei: overrides.baseFeeWei ?? (validation ? nextBaseFeeWei(header) : 0n),
  };
}

function pricesOf(call: z.output<typeof callRequest>, baseFeeWei: bigint): AskedFees & { readonly priceWei: bigint } {
  const maxFeeWei = call.gasPrice ?? call.maxFeePerGas ?? 0n;
  const maxTipWei = call.gasPrice ?? call.maxPriorityFeePerGas ?? 0n;
  const priceWei = maxFeeWei < baseFeeWei + maxTipWei ? maxFeeWei : baseFeeWei + maxTipWei;
  return { maxFeeWei, maxTipWei, isLegacy: call.gasPrice != null, priceWei };
}
