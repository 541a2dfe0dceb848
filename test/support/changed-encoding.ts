import { type EncodedGraph, type EncodedValue, PLACE } from "../../common/graph-encoding.ts";

export type Changed = {
  /** For people. */
  readonly what: string;
  readonly encoded: EncodedGraph;
  /** Where that is all that was changed. */
  readonly node?: number;
};

/** Single changes of everything that an encoding writes down, but for attributes and sums, which nothing else may be than they are. */
export function* changedOnce(encoded: EncodedGraph): Generator<Changed> {
  const { header, constants, states, feeds, nextStates, nodes } = encoded;
  for (const key of ["exactCount", "looseCount", "datasetFeeds"] as const)
    for (const count of [header[key] - 1, header[key] + 1, 0])
      if (count >= 0)
        yield { what: `header ${key} ${count}`, encoded: { ...encoded, header: { ...header, [key]: count } } };
  for (const loss of otherValues(encoded, header.loss))
    yield { what: `loss ${textOf(loss)}`, encoded: { ...encoded, header: { ...header, loss } } };
  for (const [i, item] of constants.entries())
    for (const shape of otherShapes(item.shape))
      yield {
        what: `constant ${i} [${shape}]`,
        encoded: { ...encoded, constants: constants.with(i, { ...item, shape }) },
      };
  for (const [i, item] of states.entries()) {
    for (const shape of otherShapes(item.shape))
      yield { what: `state ${i} [${shape}]`, encoded: { ...encoded, states: states.with(i, { ...item, shape }) } };
    for (const source of [item.source + 1, 0, 0xffffffff])
      if (source !== item.source)
        yield { what: `state ${i} of ${source}`, encoded: { ...encoded, states: states.with(i, { ...item, source }) } };
  }
  for (const [i, item] of feeds.entries())
    for (const shape of otherShapes(item.shape))
      yield { what: `feed ${i} [${shape}]`, encoded: { ...encoded, feeds: feeds.with(i, { ...item, shape }) } };
  for (const [i, item] of nextStates.entries())
    for (const value of otherValues(encoded, item))
      yield {
        what: `next state ${i} ${textOf(value)}`,
        encoded: { ...encoded, nextStates: nextStates.with(i, value) },
      };
  for (const [n, node] of nodes.entries()) {
    const withNode = (what: string, changes: Partial<typeof node>): Changed => ({
      what: `node ${n} ${what}`,
      encoded: { ...encoded, nodes: nodes.with(n, { ...node, ...changes }) },
      node: n,
    });
    for (let op = 1; op < 72; op++) if (op !== node.op) yield withNode(`op ${op}`, { op });
    for (const value of otherValues(encoded, node.outputs[0]!))
      yield withNode(`output ${textOf(value)}`, { outputs: [value] });
    for (const [i, operand] of node.inputs.entries()) {
      const withOperand = (what: string, changes: Partial<typeof operand>) =>
        withNode(`operand ${i} ${what}`, { inputs: node.inputs.with(i, { ...operand, ...changes }) });
      for (const value of otherValues(encoded, operand.value)) yield withOperand(textOf(value), { value });
      if (operand.layout.length === 0) continue;
      for (let layoutIndex = 0; layoutIndex < header.exactCount; layoutIndex++)
        if (layoutIndex !== operand.layoutIndex) yield withOperand(`layout at ${layoutIndex}`, { layoutIndex });
    }
  }
}

const textOf = ({ place, index, dtype, shape }: EncodedValue): string => `${place}/${index}: ${dtype} [${shape}]`;

function* otherValues(encoded: EncodedGraph, value: EncodedValue): Generator<EncodedValue> {
  const { header } = encoded;
  const counts = {
    [PLACE.none]: 1,
    [PLACE.state]: header.states,
    [PLACE.feed]: header.feeds,
    [PLACE.constant]: header.constants,
    [PLACE.exact]: header.exactCount,
    [PLACE.loose]: header.looseCount,
    [PLACE.nextState]: header.nextStates,
  };
  for (const [place, count] of Object.entries(counts))
    for (let index = 0; index <= count; index++)
      if (Number(place) !== value.place || index !== value.index) yield { ...value, place: Number(place), index };
  for (const shape of otherShapes(value.shape)) yield { ...value, shape };
  for (const dtype of [1, 2, 6, 7, 9]) if (dtype !== value.dtype) yield { ...value, dtype };
}

function* otherShapes(shape: readonly number[]): Generator<readonly number[]> {
  yield [1, ...shape];
  yield [...shape, 1];
  if (shape.length > 0) {
    yield [shape.reduce((product, size) => product * size, 1)];
    yield shape.with(0, shape[0]! + 1);
    yield shape.slice(1);
  }
  if (shape.length > 1) yield shape.toReversed();
}
