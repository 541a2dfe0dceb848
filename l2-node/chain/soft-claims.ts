import type { Hex } from "viem";
import type { Clocks } from "../../common/clocks.ts";
import type { ClaimedMessage } from "../../common/message.ts";
import { circuitBreaker } from "./circuit-breaker.ts";

export type SoftClocks = Pick<Clocks, "softWindowSeconds" | "softGraceSeconds">;

/** Which soft claims have no effect, by what L1 says and when it said it (P6.6). Times are L1's, in seconds. */
export interface SoftClaims {
  /** Each in inbox order, with the time of its L1 block. */
  claimed(message: ClaimedMessage, at: bigint): void;
  overturned(claimHash: Hex, at: bigint): void;
  final(claimHash: Hex, at: bigint): void;
  /**
   * Overturned, suspended and paused claims at a head of time `now`, which never falls; the same set until it changes. What
   * else P6.6 asks for follows from the order of messages, and execution sees to it.
   */
  withoutEffect(now: bigint): ReadonlySet<Hex>;
}

interface Claim {
  readonly id: Hex;
  readonly claimHash: Hex;
  /** Soft, and of an id never overturned before. */
  readonly mayAct: boolean;
  /** Last second at which it has effect without being final. */
  readonly lastsUntil: bigint;
  /** What it consumed and was not final before it. */
  readonly restsOn: readonly Hex[];
  isFinal: boolean;
}

export function softClaims({ softWindowSeconds, softGraceSeconds }: SoftClocks): SoftClaims {
  const lifeSeconds = BigInt(softWindowSeconds + softGraceSeconds);
  const breaker = circuitBreaker(BigInt(softWindowSeconds));
  const claims = new Map<Hex, Claim>();
  const overturnedIds = new Set<Hex>();
  const without = new Set<Hex>();
  let told: ReadonlySet<Hex> | undefined;
  // Soft claims in the order in which they are suspended if nothing closes them: that of the inbox.
  const young: Claim[] = [];
  let firstYoung = 0;

  const drop = (claimHash: Hex): void => {
    if (without.has(claimHash)) return;
    without.add(claimHash);
    told = undefined;
  };
  /** Suspends what has come of age before `now`; a claim final by then never is. */
  const age = (now: bigint): void => {
    for (; firstYoung < young.length && young[firstYoung]!.lastsUntil < now; firstYoung++) {
      const claim = young[firstYoung]!;
      if (!claim.isFinal) drop(claim.claimHash);
    }
  };
  const hasEffect = (claimHash: Hex): boolean => {
    const claim = claims.get(claimHash);
    return claim?.mayAct === true && !without.has(claimHash) && claim.restsOn.every(hasEffect);
  };

  return {
    claimed({ id, claimHash, soft, consumed }, at) {
      age(at);
      if (soft && breaker.isOpen(at)) drop(claimHash);
      const mayAct = soft && !overturnedIds.has(id);
      const restsOn = consumed.filter((hash) => !claims.get(hash)?.isFinal);
      const claim = { id, claimHash, mayAct, lastsUntil: at + lifeSeconds, restsOn, isFinal: false };
      claims.set(claimHash, claim);
      if (mayAct) young.push(claim);
    },
    overturned(claimHash, at) {
      age(at);
      // What sinks with a claim that it consumed lost its effect with that one: a fall counts once, however deep.
      if (hasEffect(claimHash)) breaker.overturned(at);
      const id = claims.get(claimHash)?.id;
      if (id !== undefined) overturnedIds.add(id);
      drop(claimHash);
    },
    final(claimHash, at) {
      age(at);
      const claim = claims.get(claimHash);
      if (claim !== undefined) claim.isFinal = true;
    },
    withoutEffect(now) {
      age(now);
      told ??= new Set(without);
      return told;
    },
  };
}
