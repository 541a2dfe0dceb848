import { verifyMerkleProof } from "@ethereumjs/mpt";
import { type Hex, numberToHex, type PublicClient } from "viem";
import { bytesOfHex, hexOf, naturalOf } from "../../common/bytes.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import { decodeRlp } from "../../common/rlp.ts";

/** The block that an account is looked at in; its state root is covered by its hash (`headerOf`). */
export interface StateAt {
  readonly number: bigint;
  readonly stateRoot: Hex;
}

/**
 * Words of a contract's storage, proven against a state root (EIP-1186). Throws `L1DataError` where the endpoint's proof
 * does not prove what it says.
 */
export async function provenWords(
  client: PublicClient,
  { number, stateRoot }: StateAt,
  address: Hex,
  slots: readonly bigint[],
): Promise<bigint[]> {
  const storageKeys = slots.map((slot) => numberToHex(slot, { size: 32 }));
  const { accountProof, storageProof } = await client.getProof({ address, storageKeys, blockNumber: number });
  const account = await proven(stateRoot, address, accountProof, number);
  if (account === null) throw new L1DataError("l1-proof", `L1 block ${number} has no contract ${address}`);
  const [, , storageRoot] = decodeRlp(account) as readonly Uint8Array[];
  return Promise.all(
    storageKeys.map(async (key) => {
      const found = storageProof.find((one) => BigInt(one.key) === BigInt(key));
      if (!found) throw new L1DataError("l1-proof", "the endpoint proves other slots than asked", { expected: key });
      const word = await proven(hexOf(storageRoot as Uint8Array), key, found.proof, number);
      return word === null ? 0n : naturalOf(decodeRlp(word) as Uint8Array);
    }),
  );
}

/** The value at a key of a secure trie; null: it has none. */
async function proven(root: Hex, key: Hex, nodes: readonly Hex[], number: bigint): Promise<Uint8Array | null> {
  try {
    return await verifyMerkleProof(bytesOfHex(key), nodes.map(bytesOfHex), {
      root: bytesOfHex(root),
      useKeyHashing: true,
    });
  } catch (error) {
    throw new L1DataError("l1-proof", `what the endpoint says of L1 block ${number}'s state is not in it`, {
      expected: root,
      actual: error instanceof Error ? error.message : String(error),
      hint: "ask another L1 endpoint: this one answers falsely",
    });
  }
}
