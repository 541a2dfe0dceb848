import { type Address, type Hex, numberToHex } from "viem";
import { hexOf } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { type AccountRecord, decodeAccount, EMPTY_CODE_HASH, isEmpty, NO_ACCOUNT } from "../account.ts";
import { accountKey, codeKey, DOMAIN, type StateKey } from "../keys.ts";
import type { WorldState } from "../state.ts";
import type { Budget, Traced, TraceOptions, Tracer } from "./tracer.ts";

interface AccountState {
  balance?: Hex;
  nonce?: number;
  code?: Hex;
  storage?: Record<Hex, Hex>;
}
type States = Record<Address, AccountState>;
type Read = (key: StateKey) => Uint8Array | undefined;

/** The accounts and slots a run touches, as they were before it; with `diffMode` what changed, before and after. */
export function prestate(
  options: Extract<TraceOptions, { kind: "prestateTracer" }>,
  { message }: Traced,
  budget: Budget,
): Tracer {
  let pre: States = {};
  let post: States = {};
  return {
    async observe(evm, run) {
      const state = evm.world.world;
      const { result, reads, writes } = await state.tracking(run);
      const keys = new Set([...reads, ...writes]);
      for (const address of [message.from, ...(message.to === null ? [] : [message.to])]) keys.add(accountKey(address));
      pre = statesOf(keys, beforeRun(state, message), options, budget);
      if (!options.diffMode) return result;
      post = statesOf(keys, (key) => state.get(key), options, budget);
      keepChanges(pre, post);
      return result;
    },
    result: () => (options.diffMode ? { pre, post } : pre),
  };
}

/** Inclusion consumes the sender's nonce before the run: what was before both is shown. */
function beforeRun(state: WorldState, { from, nonce }: Traced["message"]): Read {
  const sender = accountKey(from);
  return (key) => {
    const value = state.original(key);
    if (key !== sender || value === undefined) return value;
    const bytes = value.slice();
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(0, nonce);
    return bytes;
  };
}

function statesOf(
  keys: ReadonlySet<StateKey>,
  read: Read,
  { disableCode, disableStorage }: Extract<TraceOptions, { kind: "prestateTracer" }>,
  budget: Budget,
): States {
  const states: States = {};
  const at = (address: Address): AccountState => {
    const known = states[address];
    if (known) return known;
    const bytes = read(accountKey(address));
    const record = bytes === undefined ? NO_ACCOUNT : decodeAccount(bytes);
    const state = stateOf(record, disableCode ? undefined : read);
    budget.spend(200 + (state.code?.length ?? 0));
    states[address] = state;
    return state;
  };
  for (const key of [...keys].sort()) {
    const address: Address = `0x${key.slice(2, 42)}`;
    if (key.startsWith(DOMAIN.account)) at(address);
    if (!key.startsWith(DOMAIN.storage) || disableStorage) continue;
    budget.spend(140);
    const value = read(key);
    const state = at(address);
    state.storage = { ...state.storage, [`0x${key.slice(42)}`]: value === undefined ? ZERO_HASH : hexOf(value) };
  }
  return states;
}

function stateOf(record: AccountRecord, readCode: Read | undefined): AccountState {
  const { nonce, balanceWei, codeHash } = record;
  const code = codeHash === EMPTY_CODE_HASH ? undefined : readCode?.(codeKey(codeHash));
  return {
    balance: numberToHex(balanceWei),
    ...(nonce > 0n ? { nonce: Number(nonce) } : {}),
    ...(code === undefined ? {} : { code: hexOf(code) }),
  };
}

const isNothing = ({ balance, nonce, code }: AccountState): boolean =>
  isEmpty({ ...NO_ACCOUNT, nonce: BigInt(nonce ?? 0), balanceWei: BigInt(balance ?? 0) }) && code === undefined;

/** Leaves out what did not change, of `post` also what is as before; the created is not in `pre`, the destroyed not in `post`. */
function keepChanges(pre: States, post: States): void {
  for (const address of Object.keys(pre) as Address[]) {
    const [before, after] = [pre[address]!, post[address]!];
    for (const slot of Object.keys(before.storage ?? {}) as Hex[]) {
      if (before.storage![slot] === after.storage![slot]) {
        delete before.storage![slot];
        delete after.storage![slot];
      } else {
        if (before.storage![slot] === ZERO_HASH) delete before.storage![slot];
        if (after.storage![slot] === ZERO_HASH) delete after.storage![slot];
      }
    }
    const hadSlots = Object.keys({ ...before.storage, ...after.storage }).length > 0;
    for (const state of [before, after])
      if (state.storage && Object.keys(state.storage).length === 0) delete state.storage;
    const changed = (["balance", "nonce", "code"] as const).filter((field) => before[field] !== after[field]);
    if (changed.length === 0 && !hadSlots) {
      delete pre[address];
      delete post[address];
      continue;
    }
    const [wasNothing, isGone] = [isNothing(before), isNothing(after)];
    for (const field of ["balance", "nonce", "code"] as const) if (!changed.includes(field)) delete after[field];
    if (wasNothing) delete pre[address];
    if (isGone) delete post[address];
  }
}
