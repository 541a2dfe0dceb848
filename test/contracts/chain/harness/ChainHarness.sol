// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FloatTensor} from "../../../../contracts/l2/FloatTensor.sol";
import {BatchData} from "../../../../contracts/libraries/BatchData.sol";
import {HeaderRlp, SealedHeader} from "../../../../contracts/libraries/HeaderRlp.sol";
import {Merkle} from "../../../../contracts/libraries/Merkle.sol";
import {OutboxTree} from "../../../../contracts/libraries/OutboxTree.sol";
import {SumNode, SumTree} from "../../../../contracts/libraries/SumTree.sol";
import {Withdrawal} from "../../../../contracts/types/Withdrawal.sol";

/// @notice Opens the chain's libraries to tests.
contract ChainHarness {
    function depth(uint256 count) external pure returns (uint256) {
        return Merkle.depth(count);
    }

    function treeRoot(bytes32[] memory leaves) external pure returns (bytes32) {
        return Merkle.root(leaves);
    }

    function treeCheck(bytes32 expected, bytes32 leaf, uint256 index, uint256 count, bytes32[] memory proof)
        external
        pure
    {
        Merkle.check(expected, leaf, index, count, proof);
    }

    function rangeCheck(
        bytes32 expected,
        bytes32[] memory leaves,
        uint256 first,
        uint256 count,
        bytes32[] memory proof
    ) external pure {
        Merkle.checkRange(expected, leaves, first, count, proof);
    }

    function sumCheck(
        SumNode memory expected,
        SumNode memory leaf,
        uint256 index,
        uint256 count,
        SumNode[] memory proof
    ) external pure {
        SumTree.check(expected, leaf, index, count, proof);
    }

    function withdrawalLeaf(uint256 l2ChainId, Withdrawal memory withdrawal) external pure returns (bytes32) {
        return OutboxTree.leafOf(l2ChainId, withdrawal);
    }

    function outboxRoot(bytes32 leaf, uint256 index, bytes32[32] calldata proof) external pure returns (bytes32) {
        return OutboxTree.rootOf(leaf, index, proof);
    }

    function dataRoot(bytes calldata data) external pure returns (bytes32) {
        return BatchData.root(data);
    }

    function decodeHeader(bytes calldata rlp) external pure returns (SealedHeader memory) {
        return HeaderRlp.decode(rlp);
    }

    function argMax(bytes memory tensor) external pure returns (uint256) {
        return FloatTensor.argMax(tensor);
    }
}
