/** Where an answer is not the published one: in a value of the same form, or in its form. */
export interface Difference {
  /** As in "result[].hash"; list positions are left out. */
  readonly path: string;
  readonly kind: "value" | "form";
  readonly expected: unknown;
  readonly actual: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Hashes, addresses and blooms have one length each; numbers and bytes any. */
function formOf(value: unknown): string {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) return value === null ? "null" : typeof value;
  return [42, 66, 514].includes(value.length) ? `hex${value.length}` : "hex";
}

export function differences(expected: unknown, actual: unknown, path = ""): Difference[] {
  const differ = (kind: Difference["kind"]): Difference[] => [{ path, kind, expected, actual }];
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const length = expected.length === actual.length ? [] : differ("value");
    return [
      ...length,
      ...expected.slice(0, actual.length).flatMap((item, i) => differences(item, actual[i], `${path}[]`)),
    ];
  }
  if (isObject(expected) && isObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => {
      const at = path === "" ? key : `${path}.${key}`;
      if (!(key in expected) || !(key in actual))
        return [{ path: at, kind: "form" as const, expected: expected[key], actual: actual[key] }];
      return differences(expected[key], actual[key], at);
    });
  }
  if (expected === actual) return [];
  return differ(formOf(expected) === formOf(actual) ? "value" : "form");
}
