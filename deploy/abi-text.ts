import type { Abi, AbiParameter } from "viem";

/** One line per entry of an ABI, as viem's `parseAbi` reads them back. Constructors are left out: only `deploy/` calls them. */
export function abiText(abi: Abi): string[] {
  const lines: string[] = [];
  for (const item of abi) {
    if (item.type === "function") {
      const mutability = item.stateMutability === "nonpayable" ? "" : ` ${item.stateMutability}`;
      const returned = item.outputs.length === 0 ? "" : ` returns (${parameters(item.outputs)})`;
      lines.push(`function ${item.name}(${parameters(item.inputs)}) external${mutability}${returned}`);
    } else if (item.type === "event" || item.type === "error") {
      lines.push(`${item.type} ${item.name}(${parameters(item.inputs)})`);
    }
  }
  return lines.sort();
}

type Parameter = AbiParameter & { readonly indexed?: boolean | undefined };

function parameters(list: readonly Parameter[]): string {
  return list
    .map((parameter) => [typeText(parameter), parameter.indexed ? "indexed" : "", parameter.name ?? ""])
    .map((words) => words.filter((word) => word !== "").join(" "))
    .join(", ");
}

function typeText(parameter: AbiParameter): string {
  if (!parameter.type.startsWith("tuple") || !("components" in parameter)) return parameter.type;
  return `(${parameters(parameter.components)})${parameter.type.slice("tuple".length)}`;
}
