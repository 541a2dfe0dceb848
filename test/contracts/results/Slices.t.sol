// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {StepOpening} from "../../../contracts/libraries/StepOpening.sol";
import {GraphHeader} from "../../../contracts/types/Graph.sol";
import {StepPage} from "../../../contracts/types/Opening.sol";
import {StepTrace} from "../../../contracts/types/Trace.sol";
import {vm} from "../support/Vm.sol";
import {Tree} from "./harness/Tree.sol";

/// Parts of lists of roots (docs/protocol.md P7.1): what is published of a step that has more of them than a page.
contract SlicesTest {
    function _list(uint256 tag, uint256 count) private pure returns (bytes32[] memory list) {
        list = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) list[i] = keccak256(abi.encode(tag, i));
    }

    function _slice(bytes32[] memory list, uint256 first, uint256 count) private pure returns (bytes32[] memory some) {
        some = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) some[i] = list[first + i];
    }

    function sliceRootOf(bytes32[] memory leaves, uint256 first, uint256 count, bytes32[] memory proof)
        external
        pure
        returns (bytes32)
    {
        return Merkle.sliceRootOf(leaves, first, count, proof);
    }

    function test_sliceRootOf_everySliceOfSmallTrees() public pure {
        for (uint256 count = 1; count <= 9; ++count) {
            bytes32[] memory list = _list(count, count);
            bytes32 root = Tree.root(list);
            for (uint256 first = 0; first < count; ++first) {
                for (uint256 length = 1; first + length <= count; ++length) {
                    bytes32[] memory proof = Tree.slice(list, first, first + length - 1);
                    bytes32 actual = Merkle.sliceRootOf(_slice(list, first, length), first, count, proof);
                    vm.assertEq(actual, root, "root");
                }
            }
            vm.assertEq(Tree.slice(list, 0, count - 1).length, 0, "a whole list needs no proof");
        }
    }

    function test_sliceRootOf_hostile() public {
        bytes32[] memory list = _list(1, 5);
        bytes32[] memory proof = Tree.slice(list, 2, 2);
        vm.expectRevert(abi.encodeWithSelector(Merkle.LeafOutOfRange.selector, 2, 5));
        this.sliceRootOf(new bytes32[](0), 2, 5, proof);
        vm.expectRevert(abi.encodeWithSelector(Merkle.LeafOutOfRange.selector, 6, 5));
        this.sliceRootOf(_slice(list, 3, 1), 5, 5, proof);
        vm.expectRevert(abi.encodeWithSelector(Merkle.LeafOutOfRange.selector, 6, 5));
        this.sliceRootOf(_slice(list, 3, 2), 4, 5, proof);
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 3, 2));
        this.sliceRootOf(_slice(list, 2, 1), 2, 5, _slice(proof, 0, 2));
        bytes32[] memory surplus = new bytes32[](4);
        for (uint256 i = 0; i < 3; ++i) surplus[i] = proof[i];
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 3, 4));
        this.sliceRootOf(_slice(list, 2, 1), 2, 5, surplus);
        // Padding cannot be given, so what is not zero there leads to no root: the last leaf of five has none but one sibling.
        vm.assertEq(Tree.slice(list, 4, 4).length, 1, "siblings of the last");
        bytes32[] memory padded = Tree.range(list, 4, 4);
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 1, 3));
        this.sliceRootOf(_slice(list, 4, 1), 4, 5, padded);
    }

    // ------------------------------------------------------------------ pages

    /// 3 states, 2 feeds, 564 exact values, none loose, 3 next states: 572 roots in three pages.
    function _counts() private pure returns (GraphHeader memory header) {
        (header.states, header.feeds, header.exactCount, header.nextStates) = (3, 2, 564, 3);
    }

    function _trace() private pure returns (StepTrace memory) {
        return StepTrace(
            Tree.root(_list(1, 3)), Tree.root(_list(2, 2)), Tree.root(_list(3, 564)), 0, Tree.root(_list(5, 3))
        );
    }

    function checkPage(StepTrace memory trace, uint256 page, StepPage memory given) external pure {
        StepOpening.checkPage(_counts(), trace, page, given);
    }

    function test_checkPage_listsAcrossPages() public {
        bytes32[] memory exact = _list(3, 564);
        StepPage[3] memory pages;
        for (uint256 p = 0; p < 3; ++p) {
            (uint256 from, uint256 to) = (p == 0 ? 0 : p * 256 - 5, p == 2 ? 564 : (p + 1) * 256 - 5);
            uint256 before = p == 0 ? 5 : 0;
            pages[p].roots = new bytes32[](before + to - from + (p == 2 ? 3 : 0));
            for (uint256 i = 0; i < before; ++i) pages[p].roots[i] = i < 3 ? _list(1, 3)[i] : _list(2, 2)[i - 3];
            for (uint256 i = from; i < to; ++i) pages[p].roots[before + i - from] = exact[i];
            pages[p].proofs = new bytes32[][](p == 0 ? 3 : p == 1 ? 1 : 2);
            pages[p].proofs[p == 0 ? 2 : 0] = Tree.slice(exact, from, to - 1);
        }
        for (uint256 i = 0; i < 3; ++i) pages[2].roots[pages[2].roots.length - 3 + i] = _list(5, 3)[i];
        StepTrace memory trace = _trace();
        for (uint256 p = 0; p < 3; ++p) {
            vm.assertTrue(pages[p].roots.length == (p == 2 ? 60 : 256), "roots of the page");
            this.checkPage(trace, p, pages[p]);
        }
        vm.expectPartialRevert(IDemands.CountMismatch.selector);
        this.checkPage(trace, 1, pages[2]);
        bytes32 kept = pages[1].roots[100];
        pages[1].roots[100] = 0;
        vm.expectPartialRevert(IDemands.ValuesMismatch.selector);
        this.checkPage(trace, 1, pages[1]);
        pages[1].roots[100] = kept;
        this.checkPage(trace, 1, pages[1]);
        // What the graph has none of has no root.
        trace.looseRoot = keccak256("loose");
        vm.expectRevert(abi.encodeWithSelector(IDemands.ValuesMismatch.selector, 5, 0, trace.looseRoot));
        this.checkPage(trace, 0, pages[0]);
    }
}
