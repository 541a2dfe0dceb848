// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title PrepaidGas
/// @notice Buys L2 gas on L1. Keeps nothing: the Bridge is the one custody contract.
interface IPrepaidGas {
    error ZeroAmount();
    error ZeroAddress();

    /// @notice Credits `msg.value` wei of prepaid gas to `account` on L2, once the message is consumed there.
    function deposit(address account) external payable returns (uint64 inboxIndex);
}
