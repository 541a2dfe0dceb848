// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVoids} from "../../interfaces/IVoids.sol";
import {SumPath} from "../../types/Flaw.sol";
import {GraphRef} from "../../types/Job.sol";
import {Merkle} from "../Merkle.sol";
import {SumNode, SumTree} from "../SumTree.sol";

/// @notice Ways up a graph's tree (docs/protocol.md P0.4) whose sums may be false.
library SumPaths {
    /// @notice Whether each node on the way has the sums of the two below it; reverts unless the hashes lead to the root.
    /// @param levels that the tree has
    function adds(GraphRef memory graph, uint256 index, uint256 levels, SumPath memory path)
        internal
        pure
        returns (bool isTrue)
    {
        if (index >> levels != 0) revert Merkle.LeafOutOfRange(index, uint256(1) << levels);
        if (path.siblings.length != levels) revert IVoids.PathLength(levels, path.siblings.length);
        if (path.flops.length != levels) revert IVoids.PathLength(levels, path.flops.length);
        if (path.bytes_.length != levels) revert IVoids.PathLength(levels, path.bytes_.length);
        isTrue = true;
        bytes32 hash = path.leaf;
        for (uint256 i = 0; i < levels; ++i) {
            SumNode memory own = SumNode(hash, path.flops[i], path.bytes_[i]);
            SumNode memory other = path.siblings[i];
            bool isLast = i + 1 == levels;
            uint256 flops = isLast ? graph.flops : path.flops[i + 1];
            uint256 bytes_ = isLast ? graph.bytes_ : path.bytes_[i + 1];
            // As plain numbers: sums beyond 64 bits are false, too.
            if (uint256(own.flops) + other.flops != flops || uint256(own.bytes_) + other.bytes_ != bytes_) isTrue = false;
            hash = index & 1 == 0 ? _hash(own, other) : _hash(other, own);
            index >>= 1;
        }
        if (hash != graph.root) revert Merkle.RootMismatch(graph.root, hash);
    }

    /// @notice Whether the path's leaf has no sums of its own, as a header has none. Alone in its tree it is the root.
    function isFree(GraphRef memory graph, SumPath memory path) internal pure returns (bool) {
        if (path.flops.length == 0) return graph.flops == 0 && graph.bytes_ == 0;
        return path.flops[0] == 0 && path.bytes_[0] == 0;
    }

    /// @dev As SumTree hashes, which adds as well and so reverts beyond 64 bits.
    function _hash(SumNode memory left, SumNode memory right) private pure returns (bytes32) {
        return keccak256(abi.encode(left.hash, left.flops, left.bytes_, right.hash, right.flops, right.bytes_));
    }

    /// @notice Reverts unless `leaf` is number `index` of the tree's `width` leaves, padding included, sums and all.
    function check(GraphRef memory graph, SumNode memory leaf, uint256 index, uint256 width, SumNode[] memory siblings)
        internal
        pure
    {
        SumTree.check(SumNode(graph.root, graph.flops, graph.bytes_), leaf, index, width, siblings);
    }
}
