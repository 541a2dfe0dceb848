// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {
    evaluateId,
    FLAG_GPU,
    FLAG_SEQUENTIAL_ROWS,
    FLAG_STEP_ROOTS,
    GraphRef,
    inferId,
    Job,
    KNOWN_FLAGS,
    PROFILE_PROPERTY,
    PROFILE_STRICT,
    PROFILE_TOLERANT,
    trainId
} from "../types/Job.sol";
import {KIND_COMMISSION, KIND_EVALUATE, KIND_INFER, KIND_TRAIN, Task} from "../types/Task.sol";
import {PropertyRules} from "./PropertyRules.sol";

/// @notice Derives what is claimed from a job (docs/protocol.md P4.2, P4.3).
library TaskLib {
    uint32 internal constant MAX_SEGMENT_STEPS = 64;
    /// @dev Whoever checks a claim holds a record of each of its segments.
    uint256 internal constant MAX_SEGMENTS = 2 ** 20;
    /// @dev An open claim holds back every later state claim (P6.8), so no job may ask for a window without end.
    uint32 internal constant MAX_WINDOW_SECONDS = 30 days;
    /// @dev Whoever adds times to a deadline stays far from 2⁶⁴.
    uint64 internal constant MAX_DEADLINE_SECONDS = 2 ** 40;
    /// @dev Rates and prices; steps × flops × rate then needs less than 2²²⁴.
    uint256 internal constant MAX_PRICE_WEI = type(uint128).max;

    /// @notice Reverts with `JobInvalid`, naming the field, unless the rules of P4.2 hold.
    function check(Job memory job, uint256 l2ChainId) internal pure {
        _require(job.chainId == l2ChainId, "chainId");
        // A commission need not say how the weights may be come by.
        bool trains = job.profile != PROFILE_PROPERTY || job.trainGraph.root != 0;
        _require(!trains || job.steps >= 1, "steps");
        _require(job.segmentSteps >= 1 && job.segmentSteps <= MAX_SEGMENT_STEPS, "segmentSteps");
        _require(!trains || (job.batchRows >= 1 && job.batchRows <= job.datasetRows), "batchRows");
        _require(job.profile <= PROFILE_PROPERTY, "profile");
        _require(job.flags <= KNOWN_FLAGS, "flags");
        _require(job.profile != PROFILE_TOLERANT || job.flags & FLAG_STEP_ROOTS != 0, "stepRoots");
        _require(job.profile == PROFILE_TOLERANT || job.flags & FLAG_GPU == 0, "gpu");
        _require(job.profile == PROFILE_PROPERTY || job.trainGraph.root != 0, "trainGraph");
        // Row t·batchRows + j is read, which must be a row of the dataset (P4.4).
        _require(
            job.flags & FLAG_SEQUENTIAL_ROWS == 0 || uint256(job.steps) * job.batchRows <= job.datasetRows,
            "sequentialRows"
        );
        _require(job.priceWeiPerGflop <= MAX_PRICE_WEI, "priceWeiPerGflop");
        _require(job.deadline <= MAX_DEADLINE_SECONDS, "deadline");
        _require(job.windowSeconds <= MAX_WINDOW_SECONDS, "windowSeconds");
        if (job.profile == PROFILE_PROPERTY) PropertyRules.check(job);
        // Whoever asks for a property in another profile would not get it.
        else _require(job.property.samples == 0, "property");
    }

    /// @param inputRoot infer: tensor root of the input; evaluate: dataset root; commission: what was delivered; train: 0
    /// @param rows evaluate: rows of the dataset; else 0
    function derive(Job memory job, uint8 kind, bytes32 inputRoot, uint32 rows) internal pure returns (Task memory task) {
        bytes32 modelId = trainId(job);
        task.kind = kind;
        // What a property is measured by, and what its model is used for, is computed in one order only (P13.5).
        task.profile = job.profile == PROFILE_PROPERTY ? PROFILE_STRICT : job.profile;
        task.flags = job.flags;
        task.deadline = job.deadline;
        task.windowSeconds = job.windowSeconds;
        if (kind == KIND_TRAIN) {
            _require(job.profile != PROFILE_PROPERTY, "kind");
            _require(inputRoot == 0 && rows == 0, "parameters");
            task.id = modelId;
            task.graph = job.trainGraph;
            task.datasetRoot = job.datasetRoot;
            task.datasetRows = job.datasetRows;
            task.startRoot = job.startRoot;
            task.steps = job.steps;
            task.segmentSteps = job.segmentSteps;
            task.batchRows = job.batchRows;
        } else if (kind == KIND_COMMISSION) {
            _require(job.profile == PROFILE_PROPERTY, "kind");
            _require(rows == 0, "parameters");
            task.id = modelId;
            task.graph = job.evaluateGraph;
            task.datasetRoot = job.property.heldOutRoot;
            task.datasetRows = job.property.heldOutRows;
            task.startRoot = inputRoot;
            task.steps = job.property.samples / job.evaluateBatchRows;
            task.segmentSteps = job.segmentSteps < task.steps ? job.segmentSteps : task.steps;
            task.batchRows = job.evaluateBatchRows;
        } else {
            task.modelId = modelId;
            task.flags |= FLAG_SEQUENTIAL_ROWS;
            task.datasetRoot = inputRoot;
            if (kind == KIND_INFER) {
                _require(rows == 0, "parameters");
                task.id = inferId(modelId, inputRoot);
                task.graph = job.inferGraph;
                task.datasetRows = 1;
                task.steps = 1;
                task.segmentSteps = 1;
                task.batchRows = 1;
            } else {
                _require(kind == KIND_EVALUATE, "kind");
                _require(job.evaluateBatchRows >= 1, "evaluateBatchRows");
                _require(rows >= 1 && rows % job.evaluateBatchRows == 0, "rows");
                task.id = evaluateId(modelId, inputRoot, rows);
                task.graph = job.evaluateGraph;
                task.datasetRows = rows;
                task.steps = rows / job.evaluateBatchRows;
                task.segmentSteps = job.segmentSteps < task.steps ? job.segmentSteps : task.steps;
                task.batchRows = job.evaluateBatchRows;
            }
            _require(task.graph.root != 0, "graph");
        }
        task.priceWei = kind == KIND_COMMISSION
            ? job.property.priceWei
            : _priceWeiUp(task.steps, task.graph, job.priceWeiPerGflop);
        _require(task.priceWei <= MAX_PRICE_WEI, "priceWei");
        _require(task.steps <= MAX_SEGMENTS * task.segmentSteps, "segments");
    }

    /// @dev ⌈steps × flops × priceWeiPerGflop / 10⁹⌉ (P4.3); the product is less than 2²²⁴ by the bounds of P4.2.
    function _priceWeiUp(uint32 steps, GraphRef memory graph, uint256 priceWeiPerGflop) private pure returns (uint256) {
        uint256 productWei = uint256(steps) * graph.flops * priceWeiPerGflop;
        return productWei / 1e9 + (productWei % 1e9 == 0 ? 0 : 1);
    }

    function _require(bool holds, bytes32 field) private pure {
        if (!holds) revert IResultClaims.JobInvalid(field);
    }
}
