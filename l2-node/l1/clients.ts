import { createPublicClient, type PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { type Agreed, type AgreedOptions, openAgreed } from "../../verifier/l1/agreed.ts";
import type { Endpoints } from "../../verifier/l1/endpoints.ts";
import { firstAnswer } from "../../verifier/l1/first-answer.ts";
import { openLogBook, PROVEN_BLOCKS } from "../../verifier/l1/log-book.ts";
import { l1Transport } from "../../verifier/l1/transport.ts";

/** L1 as a node reads it. */
export interface L1Clients {
  readonly agreed: Agreed;
  /** For what is proven once it is read, or binds nobody: the first endpoint that answers is asked. */
  readonly client: PublicClient;
  /** For what is acted upon: as all endpoints have it (`l1Transport`), with the logs of state claims out of proven receipts. */
  readonly comparing: PublicClient;
}

export interface L1ClientsOptions {
  readonly chain: ChainFile;
  readonly patience: AgreedOptions;
}

export function openL1Clients(
  { chain, patience }: L1ClientsOptions,
  endpoints: Endpoints,
  events: Parameters<typeof openAgreed>[2],
): L1Clients {
  const agreed = openAgreed(patience, endpoints, events);
  const addresses = [chain.contracts.stateClaims];
  const book = openLogBook({ chain, addresses, provenBlocks: PROVEN_BLOCKS }, { agreed, endpoints });
  const transport = l1Transport({ agreed, endpoints, book, maxAgeMs: 0 });
  return {
    agreed,
    client: createPublicClient({ transport: firstAnswer(endpoints), cacheTime: 0 }),
    comparing: createPublicClient({ transport, cacheTime: 0 }),
  };
}
