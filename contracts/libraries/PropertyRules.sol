// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {FLAG_SEQUENTIAL_ROWS, FLAG_SOFT, Job, Property} from "../types/Job.sol";

/// @notice What may be commissioned (docs/protocol.md P13.1).
library PropertyRules {
    /// @dev An evaluation's counter is a float32, exact below 2²⁴.
    uint32 internal constant MAX_SAMPLES = 2 ** 24 - 1;
    uint256 private constant MAX_PRICE_WEI = type(uint128).max;

    function check(Job memory job) internal pure {
        Property memory property = job.property;
        _require(job.flags & FLAG_SEQUENTIAL_ROWS == 0, "sequentialRows");
        _require(job.evaluateGraph.root != 0, "evaluateGraph");
        _require(job.evaluateBatchRows >= 1, "evaluateBatchRows");
        _require(property.heldOutRows >= 1 && property.heldOutRows <= type(uint32).max, "heldOutRows");
        _require(
            property.samples >= 1 && property.samples <= MAX_SAMPLES && property.samples % job.evaluateBatchRows == 0,
            "samples"
        );
        _require(property.minCorrect <= property.samples, "minCorrect");
        _require(property.priceWei <= MAX_PRICE_WEI, "propertyPriceWei");
        // A stranger's contract may overturn such a claim: nothing goes on before it is final.
        _require(property.validator == address(0) || job.flags & FLAG_SOFT == 0, "validator");
    }

    function _require(bool holds, bytes32 field) private pure {
        if (!holds) revert IResultClaims.JobInvalid(field);
    }
}
