// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Kinds of Inbox messages and their bodies (docs/protocol.md P1.4).
library MessageKind {
    uint8 internal constant GAS_DEPOSIT = 1; // abi(address account, uint256 amountWei)
    uint8 internal constant ETH_DEPOSIT = 2; // abi(address from, address to, uint256 amountWei)
    uint8 internal constant CLAIMED = 3; // abi(id, claimHash, claimant, resultRoot, soft, consumed, output, failedSteps)
    uint8 internal constant OVERTURNED = 4; // abi(bytes32 id, bytes32 claimHash, uint64 lostSeconds)
    uint8 internal constant FINAL = 5; // abi(bytes32 id, bytes32 claimHash)
    uint8 internal constant SETTLED = 6; // abi(uint64 number, bytes32 stateRoot, bytes32 creditsRoot)
    uint8 internal constant FORCED_ENVELOPE = 7; // abi(bytes envelope, uint64 gasLimit)
    // abi(address from, address to, uint256 mintWei, uint256 valueWei, uint64 gasLimit, uint256 priceWei, bytes data)
    uint8 internal constant FORCED_CALL = 8;
    uint8 internal constant VOIDED = 9; // abi(bytes32 modelId, uint8 graph)
}
