/** A cache bounded by what its entries weigh, about as many bytes as they take, and not by how many they are. */
export interface WeightedCache<K, V> {
  readonly weight: number;
  has(key: K): boolean;
  get(key: K): V | undefined;
  /** Puts it in as the newest, and the oldest out until what is left is light enough; the newest stays, whatever it weighs. */
  set(key: K, value: V): V;
  delete(key: K): void;
  clear(): void;
}

export function weightedCache<K, V>(maxWeight: number, weigh: (value: V, key: K) => number): WeightedCache<K, V> {
  // Oldest first, by when they were put in.
  const entries = new Map<K, { readonly value: V; readonly weight: number }>();
  let total = 0;
  const remove = (key: K): void => {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  return {
    get weight() {
      return total;
    },
    has: (key) => entries.has(key),
    get: (key) => entries.get(key)?.value,
    set(key, value) {
      remove(key);
      const weight = weigh(value, key);
      entries.set(key, { value, weight });
      total += weight;
      while (total > maxWeight && entries.size > 1) remove(entries.keys().next().value as K);
      return value;
    },
    delete: remove,
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
