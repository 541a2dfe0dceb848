// ABI of every witness (docs/protocol.md P7.8); contracts/types/Witness.sol in the same order.
import {
  feedComponents,
  graphHeaderComponents,
  nodeComponents,
  stateInputComponents,
  valueComponents,
} from "../../common/graph-encoding.ts";
import { taskComponents } from "../../common/task.ts";

const stepTrace = {
  type: "tuple",
  components: [
    { name: "stateIn", type: "bytes32" },
    { name: "feedsRoot", type: "bytes32" },
    { name: "exactRoot", type: "bytes32" },
    { name: "looseRoot", type: "bytes32" },
    { name: "stateOut", type: "bytes32" },
  ],
} as const;

const segmentLeaf = {
  type: "tuple",
  components: [
    { name: "index", type: "uint32" },
    { name: "endState", type: "bytes32" },
    { name: "metricsRoot", type: "bytes32" },
    { name: "stepsRoot", type: "bytes32" },
  ],
} as const;

const proof = { name: "proof", type: "bytes32[]" } as const;

/** What all witnesses share (P7.4): the segment and the step under the claim. */
export const linkParameter = {
  type: "tuple",
  components: [
    { name: "segment", type: "tuple", components: [{ ...segmentLeaf, name: "leaf" }, proof] },
    { name: "step", type: "tuple", components: [{ ...stepTrace, name: "trace" }, proof] },
  ],
} as const;

const sumNodes = {
  type: "tuple[]",
  components: [
    { name: "hash", type: "bytes32" },
    { name: "flops", type: "uint64" },
    { name: "bytes_", type: "uint64" },
  ],
} as const;

/** That a header is its graph's first leaf. */
export const headerProofParameter = {
  type: "tuple",
  components: [
    { name: "header", type: "tuple", components: graphHeaderComponents },
    { ...sumNodes, name: "siblings" },
  ],
} as const;

const nodeProofComponents = [
  { name: "index", type: "uint32" },
  { name: "node", type: "tuple", components: nodeComponents },
  { ...sumNodes, name: "siblings" },
] as const;

const siblings = { ...sumNodes, name: "siblings" } as const;

// Leaves of a graph that its header counts, with their proofs.
export const nodeProofParameter = { type: "tuple", components: nodeProofComponents } as const;
export const stateProofParameter = {
  type: "tuple",
  components: [{ name: "state", type: "tuple", components: stateInputComponents }, siblings],
} as const;
export const feedProofParameter = {
  type: "tuple",
  components: [{ name: "feed", type: "tuple", components: feedComponents }, siblings],
} as const;
export const nextStateProofParameter = {
  type: "tuple",
  components: [{ name: "value", type: "tuple", components: valueComponents }, siblings],
} as const;
export const constantProofParameter = {
  type: "tuple",
  components: [
    { name: "dtype", type: "uint8" },
    { name: "shape", type: "uint32[]" },
    { name: "tensorRoot", type: "bytes32" },
    siblings,
  ],
} as const;

const openings = {
  name: "openings",
  type: "tuple[]",
  components: [
    { name: "root", type: "bytes32" },
    { name: "rootProof", type: "bytes32[]" },
    { name: "chunks", type: "bytes" },
    { name: "chunkProof", type: "bytes32[]" },
  ],
} as const;

const namedValueComponents = [
  { name: "source", type: "uint8" },
  { name: "index", type: "uint32" },
  { name: "leaf", type: "bytes" },
] as const;
const namedValue = { name: "value", type: "tuple", components: namedValueComponents } as const;

const header = { ...headerProofParameter, name: "header" } as const;
const node = { name: "node", type: "tuple", components: nodeProofComponents } as const;

export const elementWitness = [
  { type: "uint256" },
  { type: "tuple", components: [header, node, { name: "element", type: "uint64" }, openings] },
] as const;

export const partWitness = [
  { type: "uint256" },
  { type: "uint256" },
  {
    type: "tuple",
    components: [
      header,
      node,
      { name: "element", type: "uint64" },
      { name: "part", type: "uint32" },
      { name: "published", type: "bytes" },
      openings,
    ],
  },
] as const;

export const linkWitness = {
  type: "tuple",
  components: [
    { name: "end", type: "bool" },
    { ...stepTrace, name: "previousStep" },
    { ...segmentLeaf, name: "previousSegment" },
    proof,
  ],
} as const;

export const startWitness = {
  type: "tuple",
  components: [
    header,
    { name: "state", type: "uint32" },
    { ...stateProofParameter, name: "stateProof" },
    { name: "root", type: "bytes32" },
    { name: "rootProof", type: "bytes32[]" },
    { name: "consumedTask", type: "tuple", components: taskComponents },
    { ...headerProofParameter, name: "consumedHeader" },
    { name: "consumedRoot", type: "bytes32" },
    { name: "consumedProof", type: "bytes32[]" },
    { name: "element", type: "uint64" },
    openings,
  ],
} as const;

export const feedWitness = {
  type: "tuple",
  components: [
    header,
    { name: "feed", type: "uint32" },
    { ...feedProofParameter, name: "feedProof" },
    { name: "row", type: "uint32" },
    { name: "element", type: "uint64" },
    openings,
  ],
} as const;

export const nextStateWitness = {
  type: "tuple",
  components: [
    header,
    { name: "state", type: "uint32" },
    { ...nextStateProofParameter, name: "nextState" },
    { name: "root", type: "bytes32" },
    { name: "rootProof", type: "bytes32[]" },
    { name: "sourceRoot", type: "bytes32" },
    { name: "sourceProof", type: "bytes32[]" },
  ],
} as const;

export const layoutWitness = {
  type: "tuple",
  components: [header, node, { name: "operand", type: "uint32" }, { name: "element", type: "uint64" }, openings],
} as const;

export const metricWitness = {
  type: "tuple",
  components: [header, { name: "metric", type: "bytes32" }, { name: "metricProof", type: "bytes32[]" }, openings],
} as const;

export const canonicalWitness = {
  type: "tuple",
  components: [
    header,
    namedValue,
    { name: "root", type: "bytes32" },
    { name: "rootProof", type: "bytes32[]" },
    { name: "chunk", type: "uint64" },
    { name: "data", type: "bytes" },
    { name: "padding", type: "bytes32" },
    { name: "chunkProof", type: "bytes32[]" },
  ],
} as const;

export const finiteWitness = {
  type: "tuple",
  components: [header, namedValue, { name: "element", type: "uint64" }, openings],
} as const;

// Of flaws: contracts/types/Flaw.sol in the same order.

const sumPathComponents = [
  { name: "leaf", type: "bytes32" },
  { name: "flops", type: "uint64[]" },
  { name: "bytes_", type: "uint64[]" },
  siblings,
] as const;

export const sumWitness = {
  type: "tuple",
  components: [
    { name: "header", type: "tuple", components: graphHeaderComponents },
    { name: "headerPath", type: "tuple", components: sumPathComponents },
    { name: "index", type: "uint256" },
    { name: "path", type: "tuple", components: sumPathComponents },
  ],
} as const;

export const leafWitness = {
  type: "tuple",
  components: [
    header,
    { name: "index", type: "uint256" },
    { name: "encoded", type: "bytes" },
    { name: "leaf", type: "tuple", components: sumNodes.components },
    siblings,
  ],
} as const;

export const gateWitness = { type: "tuple", components: [header, node] } as const;

export const clashWitness = {
  type: "tuple",
  components: [
    header,
    { name: "first", type: "tuple", components: namedValueComponents },
    { name: "second", type: "tuple", components: namedValueComponents },
  ],
} as const;

export const sourceWitness = {
  type: "tuple",
  components: [
    header,
    { name: "state", type: "uint32" },
    { ...stateProofParameter, name: "stateProof" },
    { name: "modelClaim", type: "bytes32" },
    { name: "modelTask", type: "tuple", components: taskComponents },
    { ...headerProofParameter, name: "modelHeader" },
    { ...nextStateProofParameter, name: "model" },
  ],
} as const;
