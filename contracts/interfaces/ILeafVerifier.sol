// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Failure} from "../types/Failure.sol";
import {Task} from "../types/Task.sol";
import {StepTrace, SegmentLeaf} from "../types/Trace.sol";

/// What Disputes has already proven against the claim before a leaf is judged.
struct LeafContext {
    // The claimed task, whose hash is in the claim; but for its steps, which are those that the claim covers.
    Task task;
    // The claim's seed (0 for tasks that read no random value).
    bytes32 seed;
    // Result root of the consumed claim (0 for training), a tree over the model's state tensors.
    bytes32 consumedResultRoot;
    // Task hash of the consumed claim (0 for training): its preimage gives the graph whose header counts those tensors.
    bytes32 consumedTaskHash;
    // The claim's trajectory root: a link to the segment before is judged against its leaf.
    bytes32 trajectoryRoot;
    // The leaf of the challenged segment; without `stepRoots` its stepsRoot is the opened one.
    SegmentLeaf segment;
    // Step within the segment and within the whole run.
    uint32 step;
    uint32 globalStep;
    // The trace of that step.
    StepTrace trace;
    // What failed in that step; zeros in all others.
    Failure failure;
}

uint8 constant WRONG_ELEMENT = 1;
uint8 constant WRONG_LINK = 2;
uint8 constant WRONG_START = 3;
uint8 constant WRONG_FEED = 4;
uint8 constant WRONG_NEXT_STATE = 5;
uint8 constant WRONG_LAYOUT = 6;
uint8 constant WRONG_METRIC = 7;
uint8 constant NOT_CANONICAL = 8;
uint8 constant NOT_FINITE = 9;
uint8 constant WRONG_BY_VALIDATOR = 10;
uint8 constant WRONG_PART = 11;
uint8 constant WRONG_FAILURE = 12;

/// Judges one leaf of a dispute (docs/protocol.md P7.5).
///
/// A verifier is trusted with the bonds on both sides, therefore:
/// - it returns true only for a witness that proves the claim wrong, false only for one that verifies and shows no wrong;
/// - it reverts on anything else: a malformed encoding, a proof that does not verify, an index out of range,
///   an op or a kind that is not its own, too little gas. A revert is no verdict: Disputes lets it bubble up and nothing changes.
///
/// `witness` of kinds 1 and 12 begins with one word that holds the op code of the node; the verifier must check it against the
/// node proven from `task.graph.root`. That of kind 11 begins with the words node and element, and Disputes hands on
/// `abi.encode(bytes32 opened, witness)`, opened being the hash of what the claimant published of that sum. Everything after it, and the witness of every other kind, is the verifier's own.
interface ILeafVerifier {
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong);
}
