// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IGraphRules} from "../interfaces/IGraphRules.sol";
import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {IVoids} from "../interfaces/IVoids.sol";
import {GraphProof} from "../libraries/GraphProof.sol";
import {Merkle} from "../libraries/Merkle.sol";
import {TaskLib} from "../libraries/TaskLib.sol";
import {VoidGraphs} from "../libraries/VoidGraphs.sol";
import {Clash} from "../libraries/graph/Clash.sol";
import {Sources} from "../libraries/graph/Sources.sol";
import {SumPaths} from "../libraries/graph/SumPaths.sol";
import {
    ClashWitness,
    FLAW_CLASH,
    FLAW_GATE,
    FLAW_LEAF,
    FLAW_SOURCE,
    FLAW_SUM,
    GateWitness,
    LeafWitness,
    SourceWitness,
    SumWitness
} from "../types/Flaw.sol";
import {graphLeafCount, hashGraphHeader} from "../types/Graph.sol";
import {Job} from "../types/Job.sol";
import {hashTask, KIND_EVALUATE, Task} from "../types/Task.sol";

/// @notice See `IVoids`.
contract Voids is IVoids {
    IResultClaims private immutable CLAIMS;
    IGraphRules private immutable RULES;
    uint256 private immutable L2_CHAIN_ID;

    constructor(IResultClaims claims, IGraphRules rules, uint256 l2ChainId) {
        CLAIMS = claims;
        RULES = rules;
        L2_CHAIN_ID = l2ChainId;
    }

    /// @inheritdoc IVoids
    function voidJob(Job calldata job, uint8 kind, uint8 flaw, bytes calldata witness) external {
        TaskLib.check(job, L2_CHAIN_ID);
        _void(TaskLib.derive(job, kind, 0, kind == KIND_EVALUATE ? job.evaluateBatchRows : 0), flaw, witness);
    }

    /// @inheritdoc IVoids
    function voidClaimed(bytes32 claimHash, Task calldata task, uint8 flaw, bytes calldata witness) external {
        bytes32 expected = CLAIMS.claimOf(claimHash).taskHash;
        bytes32 actual = hashTask(task);
        if (actual != expected) revert TaskMismatch(expected, actual);
        _void(task, flaw, witness);
    }

    function _void(Task memory task, uint8 flaw, bytes calldata witness) private {
        bool isFlawed;
        if (flaw == FLAW_SUM) isFlawed = _isSumFalse(task, abi.decode(witness, (SumWitness)));
        else if (flaw == FLAW_LEAF) isFlawed = _isLeafFalse(task, abi.decode(witness, (LeafWitness)));
        else if (flaw == FLAW_GATE) isFlawed = _isUnprovable(task, abi.decode(witness, (GateWitness)));
        else if (flaw == FLAW_CLASH) isFlawed = _clashes(task, abi.decode(witness, (ClashWitness)));
        else if (flaw == FLAW_SOURCE) isFlawed = _isSourceFalse(task, abi.decode(witness, (SourceWitness)));
        else revert NoSuchFlaw(flaw);
        if (!isFlawed) revert NothingWrong(flaw);
        emit FlawProven(VoidGraphs.modelOf(task), task.kind, msg.sender, flaw);
        CLAIMS.voidGraph(VoidGraphs.modelOf(task), task.kind);
    }

    /// @dev How deep the tree is says the header, whose own way up may be the false one.
    function _isSumFalse(Task memory task, SumWitness memory w) private pure returns (bool) {
        bytes32 headerHash = hashGraphHeader(w.header);
        if (w.headerPath.leaf != headerHash) revert LeafMismatch(headerHash, w.headerPath.leaf);
        uint256 levels = Merkle.depth(graphLeafCount(w.header));
        bool isHeaderTrue = SumPaths.adds(task.graph, 0, levels, w.headerPath) && SumPaths.isFree(task.graph, w.headerPath);
        return !SumPaths.adds(task.graph, w.index, levels, w.path) || !isHeaderTrue;
    }

    function _isLeafFalse(Task memory task, LeafWitness memory w) private view returns (bool) {
        GraphProof.checkHeader(task.graph, w.header);
        uint256 count = graphLeafCount(w.header.header);
        uint256 width = uint256(1) << Merkle.depth(count);
        // Behind the last leaf nothing may stand, whatever it is the hash of.
        if (w.index < count || w.encoded.length != 0) {
            bytes32 hash = w.encoded.length == 0 ? bytes32(0) : keccak256(w.encoded);
            if (w.leaf.hash != hash) revert LeafMismatch(hash, w.leaf.hash);
        }
        SumPaths.check(task.graph, w.leaf, w.index, width, w.siblings);
        if (w.index >= count && w.leaf.hash != 0) return true;
        uint256 before = gasleft();
        try RULES.checkLeaf(task, w.header.header, w.index, w.encoded, w.leaf.flops, w.leaf.bytes_) {
            return false;
        } catch {
            // A call gets all but a 64th of the gas: one that failed for want of it leaves less than this.
            if (gasleft() < before / 32) revert GasTooLow(gasleft());
            return true;
        }
    }

    function _isUnprovable(Task memory task, GateWitness memory w) private view returns (bool) {
        GraphProof.checkHeader(task.graph, w.header);
        GraphProof.checkNode(task.graph, w.header.header, w.node);
        return !RULES.isProvable(w.node.node, w.header.header, task.profile, task.flags);
    }

    function _clashes(Task memory task, ClashWitness memory w) private pure returns (bool) {
        GraphProof.checkHeader(task.graph, w.header);
        return Clash.between(task, w.header.header, w.first, w.second);
    }

    function _isSourceFalse(Task memory task, SourceWitness memory w) private view returns (bool) {
        bytes32 expected = CLAIMS.claimOf(w.modelClaim).taskHash;
        bytes32 actual = hashTask(w.modelTask);
        if (actual != expected) revert TaskMismatch(expected, actual);
        return Sources.areFalse(task, w);
    }
}
