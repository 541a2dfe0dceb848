// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Node} from "../types/Graph.sol";
import {PROFILE_TOLERANT} from "../types/Job.sol";
import {OpCode} from "./OpCode.sol";

/// @notice Products of more terms than one proof can add up are judged in parts, of which the claimant publishes what they come to
/// (docs/protocol.md P7.10). verifier/model/parts.ts counts alike. Builders split other long sums into nodes.
library LongSums {
    /// @notice No element of the node is judged in parts: its op has none, one proof adds all of its terms, or there are too many.
    error NotInParts(uint8 op, uint256 terms);

    /// @dev A multiple of every block length of the kernels, so that each part begins with a block.
    uint256 internal constant PART_TERMS = 8192;
    uint256 internal constant MAX_PARTS = 256;
    /// @dev Of a tolerant part: sums of absolute values and of negative terms, 512 bits each.
    uint256 internal constant EXACT_BYTES = 128;

    /// @notice Terms of one element, of a node of which each element is judged in parts.
    function terms(Node memory node) internal pure returns (uint256 count) {
        count = _products(node);
        if (count <= PART_TERMS || count > PART_TERMS * MAX_PARTS) revert NotInParts(node.op, count);
    }

    function isInParts(Node memory node) internal pure returns (bool) {
        return _products(node) > PART_TERMS;
    }

    function parts(uint256 count) internal pure returns (uint256) {
        return (count + PART_TERMS - 1) / PART_TERMS;
    }

    /// @notice Bytes that the claimant publishes: in `tolerant` the exact sums of each part; in `strict` the running value behind
    /// each but the last, whose is the element itself.
    function publishedBytes(Node memory node, uint8 profile) internal pure returns (uint256) {
        uint256 count = parts(terms(node));
        return profile == PROFILE_TOLERANT ? EXACT_BYTES * count : 4 * (count - 1);
    }

    /// @dev 0 of what is no product.
    function _products(Node memory node) private pure returns (uint256) {
        if (node.op != OpCode.MATMUL && node.op != OpCode.GEMM) return 0;
        uint32[] memory shape = node.inputs[0].value.shape;
        if (node.op == OpCode.MATMUL) return shape[shape.length - 1];
        (,, bool transA,) = abi.decode(node.attributes, (uint32, uint32, bool, bool));
        return shape[transA ? 0 : 1];
    }
}
