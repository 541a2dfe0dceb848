// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Failure} from "./Failure.sol";

/// docs/protocol.md P6
struct ResultClaim {
    bytes32 id;
    address claimant;
    bytes32 taskHash;
    bytes32 seed;
    bytes32 resultRoot;
    bytes32 trajectoryRoot;
    bytes32[] consumed;
    bytes output;
    bytes32 salt; // tells a claim from an earlier one of the same result, which no hash can be used for again
    Failure failure; // zeros: the run has a result
}

bytes32 constant RESULT_CLAIM_TYPE = keccak256("ANH.ResultClaim.v1");

/// P6.1
function hashResultClaim(ResultClaim memory claim) pure returns (bytes32) {
    return keccak256(abi.encode(RESULT_CLAIM_TYPE, claim));
}
