import type { Abi, AbiParameter } from "viem";

/** What TypeScript can read of one line is limited: tuples of more components are written as structs, and those inside a struct, too. */
const MAX_COMPONENTS = 8;

/** One line per entry of an ABI, as viem's `parseAbi` reads them back. Constructors are left out: only `deploy/` calls them. */
export function abiText(abi: Abi): string[] {
  const lines: string[] = [];
  const structs = new Set<string>();
  for (const item of abi) {
    if (item.type === "function") {
      const mutability = item.stateMutability === "nonpayable" ? "" : ` ${item.stateMutability}`;
      const returned = item.outputs.length === 0 ? "" : ` returns (${parameters(item.outputs, structs)})`;
      lines.push(`function ${item.name}(${parameters(item.inputs, structs)}) external${mutability}${returned}`);
    } else if (item.type === "event" || item.type === "error") {
      lines.push(`${item.type} ${item.name}(${parameters(item.inputs, structs)})`);
    }
  }
  return [...lines.sort(), ...[...structs].sort()];
}

type Parameter = AbiParameter & { readonly indexed?: boolean | undefined };

function parameters(list: readonly Parameter[], structs: Set<string>): string {
  return list
    .map((parameter) => [typeText(parameter, structs), parameter.indexed ? "indexed" : "", parameter.name ?? ""])
    .map((words) => words.filter((word) => word !== "").join(" "))
    .join(", ");
}

function typeText(parameter: AbiParameter, structs: Set<string>, isInside = false): string {
  if (!parameter.type.startsWith("tuple") || !("components" in parameter)) return parameter.type;
  const { components, internalType } = parameter;
  const suffix = parameter.type.slice("tuple".length);
  const name = /^struct (?:\w+\.)?(\w+)/.exec(internalType ?? "")?.[1];
  if (name === undefined || (!isInside && components.length <= MAX_COMPONENTS))
    return `(${parameters(components, structs)})${suffix}`;
  const fields = components.map((field) => `${typeText(field, structs, true)} ${field.name};`).join(" ");
  structs.add(`struct ${name} { ${fields} }`);
  return `${name}${suffix}`;
}
