// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../interfaces/IDemands.sol";
import {
    GraphHeader,
    PLACE_EXACT,
    PLACE_FEED,
    PLACE_LOOSE,
    PLACE_NEXT_STATE,
    PLACE_NONE,
    PLACE_STATE
} from "../types/Graph.sol";
import {PAGE_ROOTS, StepPage} from "../types/Opening.sol";
import {hashStepTrace, StepTrace} from "../types/Trace.sol";
import {Merkle} from "./Merkle.sol";

/// @notice What a claimant publishes of a segment and of a step must be whole and joined (docs/protocol.md P7.1).
library StepOpening {
    /// @dev Names the metrics in errors, beside the places of P5.1.
    uint8 internal constant METRICS = 7;

    /// @notice Each trace starts where the one before ended, the first at `start`, the last ends at `end`.
    /// @return stepsRoot tree of the step traces (P5.9)
    function chain(StepTrace[] memory traces, bytes32 start, bytes32 end) internal pure returns (bytes32 stepsRoot) {
        bytes32[] memory leaves = new bytes32[](traces.length);
        bytes32 state = start;
        for (uint256 i = 0; i < traces.length; ++i) {
            if (traces[i].stateIn != state) revert IDemands.LinkBroken(uint32(i), state, traces[i].stateIn);
            state = traces[i].stateOut;
            leaves[i] = hashStepTrace(traces[i]);
        }
        if (state != end) revert IDemands.LinkBroken(uint32(traces.length), end, state);
        return Merkle.root(leaves);
    }

    /// @dev How far a page has been gone through: where the next list starts among all roots of the step, and what was used.
    struct Cursor {
        uint256 from;
        uint256 start;
        uint256 roots;
        uint256 proofs;
    }

    /// @notice The page is the part of the lists that its number says, of the lengths of the graph and under the roots of the
    /// trace; a page beyond their end is empty. What the graph has none of must have root 0, as page 0 shows.
    function checkPage(GraphHeader memory header, StepTrace memory trace, uint256 page, StepPage memory given)
        internal
        pure
    {
        Cursor memory cursor = Cursor(page * PAGE_ROOTS, 0, 0, 0);
        _checkList(cursor, given, PLACE_STATE, header.states, trace.stateIn);
        _checkList(cursor, given, PLACE_FEED, header.feeds, trace.feedsRoot);
        _checkList(cursor, given, PLACE_EXACT, header.exactCount, trace.exactRoot);
        _checkList(cursor, given, PLACE_LOOSE, header.looseCount, trace.looseRoot);
        _checkList(cursor, given, PLACE_NEXT_STATE, header.nextStates, trace.stateOut);
        _checkCount(0, cursor.roots, given.roots.length);
        _checkCount(0, cursor.proofs, given.proofs.length);
    }

    function _checkList(Cursor memory cursor, StepPage memory given, uint8 place, uint256 count, bytes32 expected)
        private
        pure
    {
        if (count == 0 && cursor.from == 0 && expected != 0) revert IDemands.ValuesMismatch(place, 0, expected);
        uint256 start = cursor.start;
        cursor.start += count;
        uint256 first = cursor.from > start ? cursor.from : start;
        uint256 last = cursor.from + PAGE_ROOTS < cursor.start ? cursor.from + PAGE_ROOTS : cursor.start;
        if (first >= last) return;
        if (cursor.roots + last - first > given.roots.length) {
            revert IDemands.CountMismatch(place, cursor.roots + last - first, given.roots.length);
        }
        bytes32[] memory part = new bytes32[](last - first);
        for (uint256 i = 0; i < part.length; ++i) part[i] = given.roots[cursor.roots++];
        if (cursor.proofs == given.proofs.length) {
            revert IDemands.CountMismatch(place, cursor.proofs + 1, given.proofs.length);
        }
        bytes32 actual = Merkle.sliceRootOf(part, first - start, count, given.proofs[cursor.proofs++]);
        if (actual != expected) revert IDemands.ValuesMismatch(place, expected, actual);
    }

    /// @notice One metric per step, or none if the graph has no loss, under the leaf's root. Overwrites `metrics`.
    function checkMetrics(GraphHeader memory header, uint256 steps, bytes32[] memory metrics, bytes32 metricsRoot)
        internal
        pure
    {
        uint256 count = header.loss.place == PLACE_NONE ? 0 : steps;
        _checkCount(METRICS, count, metrics.length);
        bytes32 actual = Merkle.root(metrics);
        if (actual != metricsRoot) revert IDemands.ValuesMismatch(METRICS, metricsRoot, actual);
    }

    function _checkCount(uint8 list, uint256 expected, uint256 actual) private pure {
        if (actual != expected) revert IDemands.CountMismatch(list, expected, actual);
    }
}
