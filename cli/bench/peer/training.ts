import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import type { TaskInputs } from "../../../verifier/trace/inputs.ts";
import { PEER_SPECS } from "../networks.ts";
import { type Torch, wireOf } from "./torch.ts";

/** The same network, parameters and first batch, as PyTorch's users would train it. */
export async function openPeer(
  peer: Torch,
  name: keyof typeof PEER_SPECS,
  { graph, start }: TaskInputs,
  segment: readonly Tensor[],
  device: "cpu" | "cuda",
) {
  const names = graph.stateInputs.map(({ value }) => graph.values[value]!.name);
  const spec = PEER_SPECS[name];
  const parameters = names.flatMap((parameter, i) => (isOptimizers(parameter) ? [] : [[parameter, wireOf(start[i]!)]]));
  const batch = segment.map((tensor) => wireOf(firstOf(tensor)));
  const request = { network: name, spec, parameters: Object.fromEntries(parameters), batch, threads: 1, device };
  await peer.ask({ call: "open", ...request });
}

const isOptimizers = (name: string): boolean => /^((velocity|first_moment|second_moment)_|step$)/.test(name);

/** The first step's batch of a segment's. */
function firstOf({ dtype, shape, data }: Tensor): Tensor {
  const rest = shape.slice(1);
  return { dtype, shape: rest, data: data.slice(0, data.length / shape[0]!) as Tensor["data"] };
}
