// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CLAIM_OPEN, ClaimRecord} from "../interfaces/IResultClaims.sol";

/// @notice All claims in inbox order, with a cursor that only moves over closed ones.
struct ClaimOrder {
    bytes32[] hashes;
    uint256 cursor;
}

/// @notice Finds the first open claim (docs/protocol.md P6.8) without ever walking a closed prefix twice: whoever closes a
/// claim moves the cursor over at most `STEPS` claims, and anybody may move it further.
library OpenClaims {
    uint256 internal constant STEPS = 16;

    function push(ClaimOrder storage self, bytes32 claimHash) internal {
        self.hashes.push(claimHash);
    }

    function advance(ClaimOrder storage self, mapping(bytes32 => ClaimRecord) storage records, uint256 limit) internal {
        uint256 cursor = self.cursor;
        uint256 length = self.hashes.length;
        for (uint256 moved = 0; moved < limit && cursor < length; ++moved) {
            if (records[self.hashes[cursor]].status == CLAIM_OPEN) break;
            ++cursor;
        }
        self.cursor = cursor;
    }

    /// @return found false if no claim is open
    function first(ClaimOrder storage self, mapping(bytes32 => ClaimRecord) storage records)
        internal
        view
        returns (bool found, uint64 inboxIndex)
    {
        uint256 length = self.hashes.length;
        for (uint256 i = self.cursor; i < length; ++i) {
            ClaimRecord storage record = records[self.hashes[i]];
            if (record.status == CLAIM_OPEN) return (true, record.inboxIndex);
        }
    }
}
