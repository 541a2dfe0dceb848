// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Instants are L1 timestamps in seconds (docs/protocol.md P0.7). An instant still counts; the second after it is past.
library Clock {
    uint64 internal constant NEVER = type(uint64).max;

    function nowSeconds() internal view returns (uint64) {
        return uint64(block.timestamp);
    }

    function passed(uint64 instant) internal view returns (bool) {
        return block.timestamp > instant;
    }

    function later(uint64 a, uint64 b) internal pure returns (uint64) {
        return a > b ? a : b;
    }
}
