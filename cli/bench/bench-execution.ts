import { onChainChange } from "../../l2-node/chain/chain.ts";
import type { Execution } from "../../l2-node/execution/execution.ts";
import { openThreaded } from "../../l2-node/execution/threaded.ts";
import type { BenchNode } from "./sealed-chain.ts";

/** The node's execution, in a thread of its own as a running node has it. */
export const openExecution = ({ chain, path }: BenchNode, statePath: string): Promise<Execution> =>
  openThreaded(
    { chain: chain.file, chainPath: path, statePath },
    {
      onChange: onChainChange(chain),
      onTrouble: ({ error }) => {
        throw error;
      },
    },
  );
