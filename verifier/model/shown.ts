import { type EncodedGraph, type EncodedValue, PLACE } from "../../common/graph-encoding.ts";
import { TASK_KIND } from "../../common/task.ts";
import { GraphError } from "../graph/errors.ts";
import {
  type Graph,
  type GraphKind,
  type Node,
  type Shown,
  type Value,
  type ValueId,
  valueAt,
} from "../graph/graph.ts";
import { bytesOf, describe, sameElements, sameShape, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { attributesOf, decodeGraph, opOf, ruleOf, typeOf } from "./decoding.ts";
import { type Place, placeKey } from "./placement.ts";

/**
 * The graph of an encoding in which L1 finds nothing false and no clash (P14.2): as somebody built it, or with whatever the rules leave
 * to who wrote the leaves. Node i is the encoding's. Throws `GraphError` for what L1 should call false and does not yet.
 * @param constants their tensors, in their order
 */
export function graphOfLeaves(encoded: EncodedGraph, constants: readonly Tensor[]): Graph {
  try {
    return decodeGraph(encoded, constants);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    return graphAsShown(encoded, constants);
  }
}

/**
 * Places in another order than the canonical one, values seen in another shape without a Reshape, nodes that stand before what they
 * read, places that nothing writes.
 */
function graphAsShown(encoded: EncodedGraph, constants: readonly Tensor[]): Graph {
  const { header, states, feeds, nextStates } = encoded;
  const kind = (Object.keys(TASK_KIND) as GraphKind[]).find((name) => TASK_KIND[name] === header.kind);
  if (kind === undefined) throw new GraphError("kind 1, 2 or 3", String(header.kind));

  const values: Value[] = [];
  const places: Place[] = [];
  const bases = new Map<string, ValueId>();
  const add = (name: string, { dtype, shape }: TensorType, { place, index }: Place): ValueId => {
    places.push({ place, index });
    return values.push({ name, dtype, shape }) - 1;
  };
  const addBase = (name: string, type: Pick<EncodedValue, "dtype" | "shape">, place: Place): ValueId => {
    const id = add(name, typeOf(type), place);
    bases.set(placeKey(place), id);
    return id;
  };
  const stateIds = states.map((state, index) => addBase(`state${index}`, state, { place: PLACE.state, index }));
  const feedIds = feeds.map((feed, index) => addBase(`feed${index}`, feed, { place: PLACE.feed, index }));
  const constantIds = encoded.constants.map((item, index) =>
    addBase(`constant${index}`, item, { place: PLACE.constant, index }),
  );
  const outputs = encoded.nodes.map((node, index) => {
    const [op, output] = [opOf(node.op), node.outputs[0]!];
    const name = `${op.toLowerCase()}_${index}`;
    return op === "Reshape" ? add(name, typeOf(output), output) : addBase(name, output, output);
  });

  const views: Node[] = [];
  const viewIds = new Map<string, ValueId>();
  const open: ValueId[] = [];
  const aliases = new Set<string>();

  /** `base` as other elements' shape or at another place: the same bytes. */
  function viewOf(base: ValueId, shape: readonly number[], place: Place): ValueId {
    const key = `${placeKey(place)}: [${shape}]`;
    const known = viewIds.get(key);
    if (known !== undefined) return known;
    const output = add(`view_${values.length}`, { dtype: valueAt({ values }, base).dtype, shape }, place);
    views.push({ op: "Reshape", attributes: { shape }, inputs: [base], output });
    viewIds.set(key, output);
    return output;
  }

  /** Where nothing writes: of a state output what the graph takes it from, else whatever a claim has there. */
  function unwritten(mention: EncodedValue): ValueId {
    const key = placeKey(mention);
    const source = mention.place === PLACE.nextState ? nextStates[mention.index] : undefined;
    if (source !== undefined && placeKey(source) !== key && !aliases.has(key)) {
      aliases.add(key);
      const base = idOf(source);
      const known = bases.get(key) ?? viewOf(base, valueAt({ values }, base).shape, mention);
      bases.set(key, known);
      return known;
    }
    return openAt(mention);
  }

  function openAt(mention: EncodedValue): ValueId {
    const id = addBase(`open_${mention.place}_${mention.index}`, mention, mention);
    open.push(id);
    return id;
  }

  /** Whether a leaf says what stands there: nothing else can be asked for. */
  const isNamed = (mention: EncodedValue): boolean => bases.has(placeKey(mention)) || mention.place === PLACE.nextState;

  function idOf(mention: EncodedValue): ValueId {
    const base = bases.get(placeKey(mention)) ?? unwritten(mention);
    const [known, type] = [valueAt({ values }, base), typeOf(mention)];
    if (!sameElements(known, type)) throw new GraphError(`${describe(known)} at ${placeKey(mention)}`, describe(type));
    return sameShape(known.shape, type.shape) ? base : viewOf(base, type.shape, mention);
  }

  const own = encoded.nodes.map((node, index): Node => {
    const op = opOf(node.op);
    const inputs = node.inputs.map(({ value }) => idOf(value));
    return { op, attributes: attributesOf(op, node, node.outputs[0]!), inputs, output: outputs[index]! };
  });
  const stateOutputs = nextStates.map(idOf);
  const { loss } = header;
  const lossId = loss.place !== PLACE.none && isNamed(loss) ? idOf(loss) : null;
  const nodes = [...own, ...views];
  const { order, cut } = orderOf(nodes);
  return {
    kind,
    values,
    stateInputs: states.map((state, index) => {
      const rule = ruleOf(state);
      const input = { value: stateIds[index]!, source: state.source };
      return rule === undefined ? input : { ...input, rule };
    }),
    batchInputs: feedIds,
    masks: feeds.slice(header.datasetFeeds).map(({ keep }) => keep),
    constants: constants.map((tensor, index) => ({ value: constantIds[index]!, bytes: bytesOf(tensor).slice() })),
    nodes,
    stateOutputs,
    loss: lossId,
    shown: { encoded, places, open, order, cut, hidesLoss: loss.place !== PLACE.none && lossId === null },
  };
}

/** Every node behind those that write what it reads, in the nodes' own order where that is possible. */
function orderOf(nodes: readonly Node[]): Pick<Shown, "order" | "cut"> {
  const writers = new Map(nodes.map(({ output }, node) => [output, node]));
  const order: number[] = [];
  const cut: { node: number; operand: number }[] = [];
  const isDone = nodes.map(() => false);
  const isOpen = nodes.map(() => false);
  for (const first of nodes.keys()) {
    // A stack of its own: a chain of nodes may be deeper than the language's.
    const path = [{ node: first, operand: 0 }];
    while (path.length > 0) {
      const at = path.at(-1)!;
      const { inputs } = nodes[at.node]!;
      if (isDone[at.node] || at.operand === inputs.length) {
        if (!isDone[at.node]) order.push(at.node);
        isDone[at.node] = true;
        path.pop();
        continue;
      }
      isOpen[at.node] = true;
      const operand = at.operand++;
      const writer = writers.get(inputs[operand]!);
      if (writer === undefined || isDone[writer]) continue;
      if (isOpen[writer]) cut.push({ node: at.node, operand });
      else path.push({ node: writer, operand: 0 });
    }
  }
  return { order, cut };
}
