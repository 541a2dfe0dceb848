// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {ChunkPath} from "../../../contracts/libraries/ChunkPath.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {GraphProof} from "../../../contracts/libraries/GraphProof.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {NamedValues} from "../../../contracts/libraries/NamedValues.sol";
import {TensorRead} from "../../../contracts/libraries/TensorRead.sol";
import {
    ChunkAnswer,
    ChunkRange,
    CHUNKS_OF_CONSTANT,
    CHUNKS_OF_DATASET,
    CHUNKS_OF_START,
    CHUNKS_OF_VALUE
} from "../../../contracts/types/Opening.sol";
import {ConstantProof, FeedProof, HeaderProof, NamedValue, NodeProof} from "../../../contracts/types/Witness.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";
import {Tree} from "./harness/Tree.sol";

/// What a claimant must publish of values and inputs (docs/protocol.md P7.6).
contract ChunksTest is Acted {
    function askValue(address who, Run memory run, bytes32 hash, NamedValue memory value, uint32 first, uint32 count)
        internal
        returns (bytes32)
    {
        HeaderProof memory header = ToyRun.headerProof();
        vm.prank(who);
        return demands.demandValue{value: OPEN_FEE + count * CHUNK_FEE}(
            hash, run.task, 1, 1, header, value, first, count
        );
    }

    function range(uint8 place, uint32 index, uint32 leafCount, uint32 first, uint32 count)
        internal
        pure
        returns (ChunkRange memory)
    {
        return ChunkRange(CHUNKS_OF_VALUE, 1, 1, place, index, leafCount, 0, 1216, first, count);
    }

    /// Every kind of value of step 3 is found, asked for and answered.
    function test_demandValue_everyPlace() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        // source, index, place, tensor tag
        uint256[4][5] memory cases = [
            [uint256(1), 0, 1, 1003], // state
            [uint256(3), 0, 6, 1004], // next state
            [uint256(4), 0, 4, 2003], // the node's output
            [uint256(5), 0, 1, 1003], // its operand: the state again
            [uint256(6), 0, 4, 3003] // its operand's layout
        ];
        for (uint256 i = 0; i < 5; ++i) {
            ChunkRange memory r = range(uint8(cases[i][2]), i == 4 ? 1 : 0, cases[i][2] == 4 ? 2 : 1, 0, 2);
            bytes32 key = DemandKeys.chunks(hash, r);
            if (i == 3) {
                vm.expectRevert(abi.encodeWithSelector(IDemands.AskedAlready.selector, key));
                askValue(ALICE, run, hash, ToyRun.named(5, 0), 0, 2);
                continue;
            }
            vm.assertEq(
                askValue(ALICE, run, hash, ToyRun.named(uint8(cases[i][0]), uint32(cases[i][1])), 0, 2), key, "key"
            );
            ChunkAnswer memory a;
            a.segment = ToyRun.segmentProof(run, 1);
            a.step = ToyRun.traceProof(run, 1, 1);
            a.data = ToyRun.tensor(cases[i][3]);
            a.tensorRoot = ToyRun.tensorRoot(cases[i][3]);
            if (r.leafCount == 2) a.rootProof = Tree.proof(ToyRun.exactRoots(3, 0), r.index);
            vm.prank(EXECUTOR);
            demands.answerChunks(hash, run.task, r, a);
        }
        vm.assertEq(demands.pendingOf(hash), 0, "all answered");
        checkSolvent();
    }

    function test_demandValue_feed() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 key = askValue(ALICE, run, hash, ToyRun.named(2, 0), 0, 1);
        ChunkRange memory r = ChunkRange(CHUNKS_OF_VALUE, 1, 1, 2, 0, 1, 0, 8, 0, 1);
        vm.assertEq(key, DemandKeys.chunks(hash, r), "key");
        ChunkAnswer memory a;
        a.segment = ToyRun.segmentProof(run, 1);
        a.step = ToyRun.traceProof(run, 1, 1);
        a.data = ToyRun.feed(3);
        a.tensorRoot = sha256(a.data);
        vm.prank(EXECUTOR);
        demands.answerChunks(hash, run.task, r, a);
        vm.assertEq(demands.demandOf(key).content, keccak256(a.data), "kept");
    }

    function test_demandValue_hostile() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 3, 2));
        askValue(ALICE, run, hash, ToyRun.named(1, 0), 1, 2);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 0, 64));
        askValue(ALICE, run, hash, ToyRun.named(1, 0), 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 65, 64));
        askValue(ALICE, run, hash, ToyRun.named(1, 0), 0, 65);
        vm.expectRevert(abi.encodeWithSelector(GraphProof.NoSuchState.selector, 1, 1));
        askValue(ALICE, run, hash, ToyRun.named(1, 1), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(GraphProof.NoSuchFeed.selector, 1, 1));
        askValue(ALICE, run, hash, ToyRun.named(2, 1), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(GraphProof.NoSuchNextState.selector, 1, 1));
        askValue(ALICE, run, hash, ToyRun.named(3, 1), 0, 1);
        for (uint8 source = 4; source <= 6; ++source) {
            vm.expectRevert(abi.encodeWithSelector(NamedValues.NoSuchValue.selector, 1, 1));
            askValue(ALICE, run, hash, ToyRun.named(source, 1), 0, 1);
        }
        // constants belong to the graph, not to a step
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAValue.selector, 3));
        askValue(ALICE, run, hash, ToyRun.named(7, 0), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(NamedValues.NoSuchSource.selector, 8));
        askValue(ALICE, run, hash, ToyRun.named(8, 0), 0, 1);
        // the leaf of something else: a next state is no feed, whatever it is called
        NamedValue memory other = ToyRun.named(2, 0);
        other.leaf = abi.encode(FeedProof(ToyRun.graphFeed(), ToyRun.siblings(4)));
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        askValue(ALICE, run, hash, other, 0, 1);
        // a node of no graph, with a value that would be easier to hide
        NodeProof memory forged = ToyRun.nodeProof();
        forged.node.outputs[0].index = 1;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        askValue(ALICE, run, hash, NamedValue(4, 0, abi.encode(forged)), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE + 2 * CHUNK_FEE, OPEN_FEE));
        vm.prank(ALICE);
        demands.demandValue{value: OPEN_FEE}(hash, run.task, 1, 1, ToyRun.headerProof(), ToyRun.named(1, 0), 0, 2);
    }

    /// Over all ranges there are, a chunk is in at most one of each size: 1, 2, 4 … 64.
    function test_narrow_onlyBlocks() public pure {
        uint64[7] memory counts = [uint64(1), 2, 3, 64, 65, 100, 130];
        for (uint256 i = 0; i < counts.length; ++i) {
            uint256[] memory ranges = new uint256[](counts[i]);
            for (uint32 first = 0; first < counts[i]; ++first) {
                for (uint32 count = 1; count <= 64 && first + count <= counts[i]; ++count) {
                    if (!_isBlock(first, count, counts[i])) continue;
                    for (uint32 chunk = first; chunk < first + count; ++chunk) ++ranges[chunk];
                }
            }
            for (uint256 chunk = 0; chunk < counts[i]; ++chunk) {
                vm.assertTrue(ranges[chunk] >= 1 && ranges[chunk] <= 7, "ranges that a chunk is in");
            }
        }
    }

    function _isBlock(uint32 first, uint32 count, uint64 chunks) private pure returns (bool) {
        ChunkRange memory r;
        r.tensorBytes = chunks * 1024;
        uint256 size = 1;
        while (size < count) size *= 2;
        bool expected = first % size == 0 && (count == size || first + count == chunks);
        if (expected) ChunkPath.narrow(r, first, count);
        return expected;
    }

    function test_narrow_notABlock_reverts() public {
        uint32[2][4] memory cases = [[uint32(1), 2], [uint32(0), 3], [uint32(2), 3], [uint32(32), 64]];
        for (uint256 i = 0; i < cases.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IDemands.NotABlock.selector, cases[i][0], cases[i][1]));
            this.narrow(cases[i][0], cases[i][1], 130);
        }
        this.narrow(128, 2, 130); // the end
        this.narrow(128, 1, 130);
        this.narrow(64, 64, 130);
    }

    function narrow(uint32 first, uint32 count, uint64 chunks) external pure {
        ChunkRange memory r;
        r.tensorBytes = chunks * 1024;
        ChunkPath.narrow(r, first, count);
    }

    function test_answerChunks_hostile() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        askValue(ALICE, run, hash, ToyRun.named(4, 0), 1, 1);
        ChunkRange memory r = range(4, 0, 2, 1, 1);
        ChunkAnswer memory a;
        a.segment = ToyRun.segmentProof(run, 1);
        a.step = ToyRun.traceProof(run, 1, 1);
        a.tensorRoot = ToyRun.tensorRoot(2003);
        a.rootProof = Tree.proof(ToyRun.exactRoots(3, 0), 0);
        a.data = ToyRun.chunk(2003, 1);
        a.rangeProof = Tree.proof(ToyRun.chunkHashes(2003), 1);

        // the first chunk in place of the second
        a.data = ToyRun.chunk(2003, 0);
        vm.expectRevert(abi.encodeWithSelector(TensorRead.ChunkBytes.selector, 192, 1024));
        answer(hash, run, r, a);
        // the right length, other bytes
        a.data = ToyRun.chunk(2003, 1);
        a.data[5] ^= 0x01;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.data[5] ^= 0x01;
        // another step, another segment
        a.step = ToyRun.traceProof(run, 1, 0);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.step = ToyRun.traceProof(run, 1, 1);
        a.segment = ToyRun.segmentProof(run, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 0, 1));
        answer(hash, run, r, a);
        a.segment = ToyRun.segmentProof(run, 1);
        // the layout's tensor instead of the value's
        a.tensorRoot = ToyRun.tensorRoot(3003);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.tensorRoot = ToyRun.tensorRoot(2003);
        // a range that nobody asked for
        r.chunkCount = 2;
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, DemandKeys.chunks(hash, r)));
        answer(hash, run, r, a);
        r.chunkCount = 1;
        answer(hash, run, r, a);
    }

    function answer(bytes32 hash, Run memory run, ChunkRange memory r, ChunkAnswer memory a) internal {
        vm.prank(EXECUTOR);
        demands.answerChunks(hash, run.task, r, a);
    }

    function test_demandInput_startAndDataset() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        HeaderProof memory header = ToyRun.headerProof();
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotDemandable.selector, 3));
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, ToyRun.named(3, 0), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(GraphProof.NoSuchState.selector, 1, 1));
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, ToyRun.named(1, 1), 0, 1);

        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, ToyRun.named(1, 0), 1, 1);
        ChunkAnswer memory a;
        a.tensorRoot = run.task.startRoot;
        a.data = ToyRun.chunk(1000, 1);
        a.rangeProof = Tree.proof(ToyRun.chunkHashes(1000), 1);
        ChunkRange memory r = ChunkRange(CHUNKS_OF_START, 0, 0, 0, 0, 1, 0, 1216, 1, 1);
        answer(hash, run, r, a);

        // 304 rows of 4 bytes: 1,216 bytes in two chunks
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + 2 * CHUNK_FEE}(hash, run.task, header, ToyRun.named(2, 0), 0, 2);
        a.tensorRoot = run.task.datasetRoot;
        a.data = ToyRun.tensor(9);
        a.rangeProof = new bytes32[](0);
        r = ChunkRange(CHUNKS_OF_DATASET, 0, 0, 0, 0, 1, 0, 1216, 0, 2);
        answer(hash, run, r, a);
        vm.assertEq(demands.pendingOf(hash), 0, "both answered");
    }

    /// A graph that nobody serves has constants of which its leaves hold only the roots.
    function test_demandInput_constant() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        HeaderProof memory header = ToyRun.headerProof();
        vm.assertEq(ToyRun.CONSTANT_ROOT, ToyRun.tensorRoot(7), "the constant's root");
        vm.expectRevert(abi.encodeWithSelector(GraphProof.NoSuchConstant.selector, 1, 1));
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, ToyRun.named(7, 1), 0, 1);
        // a tensor that is no constant of the graph
        ConstantProof memory forged = abi.decode(ToyRun.named(7, 0).leaf, (ConstantProof));
        forged.tensorRoot = keccak256("another");
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(
            hash, run.task, header, NamedValue(7, 0, abi.encode(forged)), 0, 1
        );

        vm.prank(ALICE);
        bytes32 key =
            demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, ToyRun.named(7, 0), 1, 1);
        ChunkRange memory r = ChunkRange(CHUNKS_OF_CONSTANT, 0, 0, 0, 0, 0, ToyRun.CONSTANT_ROOT, 1216, 1, 1);
        vm.assertEq(key, DemandKeys.chunks(hash, r), "key");
        ChunkAnswer memory a;
        a.tensorRoot = ToyRun.tensorRoot(1000);
        a.data = ToyRun.chunk(1000, 1);
        a.rangeProof = Tree.proof(ToyRun.chunkHashes(1000), 1);
        vm.expectRevert(
            abi.encodeWithSelector(Merkle.RootMismatch.selector, ToyRun.CONSTANT_ROOT, a.tensorRoot)
        );
        answer(hash, run, r, a);
        a.tensorRoot = ToyRun.CONSTANT_ROOT;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.data = ToyRun.chunk(7, 1);
        a.rangeProof = Tree.proof(ToyRun.chunkHashes(7), 1);
        answer(hash, run, r, a);
        vm.assertEq(demands.demandOf(key).content, keccak256(a.data), "kept");
    }

    /// The fee for chunks pays for the calldata of the answer and is kept whole.
    function test_fee_chunksAreNotBurned() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        uint256 burnedBefore = BURNED.balance;
        bytes32 key = askValue(ALICE, run, hash, ToyRun.named(1, 0), 0, 2);
        vm.assertEq(demands.demandOf(key).feeWei, KEPT_FEE + 2 * CHUNK_FEE, "kept for the answerer");
        vm.assertEq(BURNED.balance - burnedBefore, OPEN_FEE / 2, "burned");
        checkSolvent();
    }
}
