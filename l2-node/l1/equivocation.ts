import { encodeFunctionData, type Hex, type PublicClient } from "viem";
import { bytesOfHex } from "../../common/bytes.ts";
import { sequencerStakeAbi } from "../../common/contracts/sequencer-stake.ts";
import { AnhError } from "../../common/errors.ts";
import { decodeHeader, type Header, hashHeader, type Origin } from "../../common/header.ts";
import { type SignedSeal, sealedHeaderDigest } from "../../common/sealed-header.ts";
import { recoverSigner } from "../../common/signature.ts";
import type { Chain } from "../chain/chain.ts";
import { batchAsEvidence, type SignedHeader, sealAsEvidence } from "./evidence.ts";
import type { L1Sender } from "./sender.ts";

/** Two headers of one number and one parent, both signed by the sequencer, on origins that L1 has. */
export interface Equivocation {
  readonly number: bigint;
  readonly hashes: readonly [Hex, Hex];
  readonly origins: readonly [Origin, Origin];
  readonly evidence: readonly [SignedHeader, SignedHeader];
}

export interface EquivocationModules {
  readonly client: PublicClient;
  readonly chain: Chain;
  /** The newest signed header that the sequencer tells, of whatever honesty; undefined if it tells none. */
  readonly hear: () => Promise<SignedSeal | undefined>;
  /** Proves it on L1 for the reward; without it the node only says what it saw. */
  readonly sender?: Pick<L1Sender, "send"> | undefined;
  readonly onEquivocation: (equivocation: Equivocation) => void;
  readonly onTrouble: (trouble: { readonly error: unknown }) => void;
}

interface Heard {
  readonly header: Header;
  readonly hash: Hex;
  readonly seal: SignedSeal;
}

/** Headers heard and not yet anchored are kept, the oldest forgotten beyond this many. */
const MAX_HEARD = 10_000;

/**
 * Compares what the sequencer promises with what it promised before and with what it anchors (P3.9). What it heard is in memory
 * only: whoever wants proof across restarts runs two of these.
 */
export class EquivocationWatch {
  readonly #intervalMs: number;
  readonly #modules: EquivocationModules;
  /** By number and parent. */
  readonly #heard = new Map<string, Heard>();
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(options: { readonly intervalMs: number }, modules: EquivocationModules) {
    this.#intervalMs = options.intervalMs;
    this.#modules = modules;
  }

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    await this.#running;
  }

  /** Hears once and looks at all that was anchored since; resolves with what it found. */
  async look(): Promise<Equivocation | undefined> {
    const seal = await this.#modules.hear();
    const found = (seal && this.#compare(seal)) ?? (await this.#compareAnchored());
    if (!found || !(await this.#isProvable(found))) return undefined;
    this.#modules.onEquivocation(found);
    await this.#report(found);
    return found;
  }

  /** After an L1 reorg an honest sequencer seals anew what lost its origin. */
  async #isProvable({ origins }: Equivocation): Promise<boolean> {
    const { client } = this.#modules;
    const blocks = await Promise.all(
      origins.map(({ number }) => client.getBlock({ blockNumber: number }).catch(() => undefined)),
    );
    return blocks.every((block, i) => block?.hash === origins[i]?.hash);
  }

  /** With another header heard for the same place. */
  #compare(seal: SignedSeal): Equivocation | undefined {
    const heard = this.#read(seal);
    if (!heard) return undefined;
    const place = `${heard.header.number} ${heard.header.parentHash}`;
    const before = this.#heard.get(place);
    if (before && before.hash !== heard.hash)
      return equivocation(heard, before, [sealAsEvidence(seal), sealAsEvidence(before.seal)]);
    this.#heard.set(place, heard);
    for (const oldest of this.#heard.keys()) {
      if (this.#heard.size <= MAX_HEARD) break;
      this.#heard.delete(oldest);
    }
    return undefined;
  }

  /** Undefined for what is no header, or not signed by the sequencer: anybody could have said it. */
  #read(seal: SignedSeal): Heard | undefined {
    const { file } = this.#modules.chain;
    const { l1ChainId, l2ChainId, sequencer } = file;
    try {
      const header = decodeHeader(bytesOfHex(seal.header));
      const hash = hashHeader(header);
      const digest = sealedHeaderDigest({ l1ChainId, l2ChainId, headerAnchor: file.contracts.headerAnchor }, hash);
      return recoverSigner(digest, seal.signature) === sequencer ? { header, hash, seal } : undefined;
    } catch (error) {
      if (error instanceof AnhError) return undefined;
      throw error;
    }
  }

  async #compareAnchored(): Promise<Equivocation | undefined> {
    const { chain, client } = this.#modules;
    const { safe } = chain.heads();
    for (const [place, heard] of this.#heard) {
      const { number, parentHash } = heard.header;
      if (number > safe) continue;
      const anchored = chain.store.blocks.block(number);
      const batch = chain.store.l1.batchOf(number);
      const isOther = anchored && anchored.hash !== heard.hash && anchored.header.parentHash === parentHash;
      const evidence = isOther && batch ? await batchAsEvidence(client, batch, number) : undefined;
      this.#heard.delete(place);
      if (anchored && evidence) return equivocation(heard, anchored, [sealAsEvidence(heard.seal), evidence]);
    }
    return undefined;
  }

  async #report({ evidence: [first, second] }: Equivocation): Promise<void> {
    const { chain, sender } = this.#modules;
    if (!sender) return;
    const data = encodeFunctionData({ abi: sequencerStakeAbi, functionName: "slash", args: [first, second] });
    await sender.send({ to: chain.file.contracts.sequencerStake, data }, this.#abort.signal);
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        if (!signal.aborted) this.#modules.onTrouble({ error });
      });
      if (!signal.aborted)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, this.#intervalMs);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
    }
  }
}

const equivocation = (
  { header, hash }: Heard,
  other: Pick<Heard, "header" | "hash">,
  evidence: readonly [SignedHeader, SignedHeader],
): Equivocation => ({
  number: header.number,
  hashes: [hash, other.hash],
  origins: [header.origin, other.header.origin],
  evidence,
});
