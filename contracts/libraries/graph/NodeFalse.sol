// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a node says of itself is not what the rule of its op gives (docs/protocol.md P5.4, P5.6, P5.7).
/// @param what in one word: operands, type, shape, attributes, layout, place, cost
error NodeFalse(bytes32 what);
