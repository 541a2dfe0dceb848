// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clock} from "./Clock.sol";

/// @notice Openings of one claim that wait for their answer.
struct Docket {
    uint64 tailDue;
    uint32 pending;
}

/// @notice Due times queue (docs/protocol.md P7.2), so that no flood of demands can make an honest claimant miss one.
library DueQueue {
    /// @return due max(now, due of the one before) + answerSeconds
    function push(Docket storage self, uint64 answerSeconds) internal returns (uint64 due) {
        uint64 start = Clock.nowSeconds();
        // A queue that was answered empty starts again at now: a claimant cannot fill it to push later answers away.
        due = (self.pending == 0 ? start : Clock.later(start, self.tailDue)) + answerSeconds;
        self.tailDue = due;
        ++self.pending;
    }

    function pop(Docket storage self) internal {
        --self.pending;
    }
}
