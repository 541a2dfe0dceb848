// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clock} from "./Clock.sol";

/// @notice Demands on one claim that wait for their answer.
struct Docket {
    uint64 tailDue; // of the demand asked last
    uint64 lastAnsweredAt; // L1 second; 0: never
    uint32 pending;
}

/// @notice Due times queue (docs/protocol.md P7.2), so that no flood of demands can make an honest claimant miss one, and
/// asking costs more the further it pushes later demands away, so that no claimant delays its own fall cheaply.
library DueQueue {
    /// @dev Beyond this many doublings nobody can pay.
    uint256 internal constant MAX_DOUBLINGS = 64;

    /// @param answerSeconds what every demand has from its asking on
    /// @param spacingSeconds what the claimant has besides for each demand before it that waits
    /// @return due max(now + answerSeconds, due of the one before + spacingSeconds)
    function nextDue(Docket storage self, uint64 answerSeconds, uint64 spacingSeconds) internal view returns (uint64 due) {
        due = Clock.nowSeconds() + answerSeconds;
        // A queue that was answered empty starts again at now: what is answered pushes nothing away.
        if (self.pending != 0) due = Clock.later(due, self.tailDue + spacingSeconds);
    }

    /// @notice The fee doubles with every `answerSeconds` that the queue makes the demand wait longer than alone.
    function doublings(uint64 due, uint64 answerSeconds) internal view returns (uint256 count) {
        count = (due - Clock.nowSeconds()) / answerSeconds - 1;
        return count < MAX_DOUBLINGS ? count : MAX_DOUBLINGS;
    }

    function push(Docket storage self, uint64 due) internal {
        self.tailDue = due;
        ++self.pending;
    }

    function pop(Docket storage self) internal {
        --self.pending;
        self.lastAnsweredAt = Clock.nowSeconds();
    }

    /// @notice Last L1 second for challenges: within the window, or `challengerSeconds` after the last answer; a slow answer
    /// must not eat their time. Whoever asked: a claimant could else ask first what its challengers need to know (P7.3).
    function challengeableUntil(Docket storage self, uint64 windowEnd, uint64 challengerSeconds)
        internal
        view
        returns (uint64)
    {
        if (self.pending != 0) return Clock.NEVER;
        if (self.lastAnsweredAt == 0) return windowEnd;
        return Clock.later(windowEnd, self.lastAnsweredAt + challengerSeconds);
    }

    /// @notice Nothing waits for an answer, and there was time to act on the last one.
    function isQuiet(Docket storage self, uint64 challengerSeconds) internal view returns (bool) {
        if (self.pending != 0) return false;
        return self.lastAnsweredAt == 0 || Clock.passed(self.lastAnsweredAt + challengerSeconds);
    }
}
