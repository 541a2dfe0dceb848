// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A job's own judge of delivered weights (docs/protocol.md P13.7)
/// @notice A contract on L1 that a commission names together with the hash of its code.
/// @dev It is called statically, with 2,000,000 gas. What it says of the same question should never change: it is trusted with
/// the bonds of whoever claims and of whoever challenges. A revert, or an answer that is not a bool, is no verdict.
interface IValidator {
    /// @param id of the commission
    /// @param startRoot tree over what was delivered: the state tensors of the evaluation graph, the last one a counter of 0
    /// @param witness the challenger's own
    /// @return wrong true if the weights do not have what the job asks of them
    function isWrong(bytes32 id, bytes32 startRoot, bytes calldata witness) external view returns (bool wrong);
}
