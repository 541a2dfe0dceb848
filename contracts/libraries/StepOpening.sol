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
import {StepValues} from "../types/Opening.sol";
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

    /// @notice The lists have the lengths of the graph and the roots of the trace. Overwrites `values`.
    function checkValues(GraphHeader memory header, StepTrace memory trace, StepValues memory values) internal pure {
        _check(PLACE_STATE, header.states.length, values.stateIn, trace.stateIn);
        _check(PLACE_FEED, header.feeds.length, values.feeds, trace.feedsRoot);
        _check(PLACE_EXACT, header.exactCount, values.exact, trace.exactRoot);
        _check(PLACE_LOOSE, header.looseCount, values.loose, trace.looseRoot);
        _check(PLACE_NEXT_STATE, header.nextStates.length, values.stateOut, trace.stateOut);
    }

    /// @notice One metric per step, or none if the graph has no loss, under the leaf's root. Overwrites `metrics`.
    function checkMetrics(GraphHeader memory header, uint256 steps, bytes32[] memory metrics, bytes32 metricsRoot)
        internal
        pure
    {
        _check(METRICS, header.loss.place == PLACE_NONE ? 0 : steps, metrics, metricsRoot);
    }

    function _check(uint8 list, uint256 count, bytes32[] memory roots, bytes32 expected) private pure {
        if (roots.length != count) revert IDemands.CountMismatch(list, count, roots.length);
        bytes32 actual = Merkle.root(roots);
        if (actual != expected) revert IDemands.ValuesMismatch(list, expected, actual);
    }
}
