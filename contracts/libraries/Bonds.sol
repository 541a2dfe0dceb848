// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @notice The wei a contract holds: locked in bonds and fees, or credited to accounts that pull it.
/// Always lockedWei + creditedWei = balance, but for ether forced upon the contract.
struct BondBook {
    uint256 lockedWei;
    uint256 creditedWei;
    mapping(address => uint256) creditOf;
}

library Bonds {
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;

    event Withdrawn(address indexed account, uint256 amountWei);

    error NothingToWithdraw(address account);

    /// @notice Books value that came in with the call.
    function lock(BondBook storage self, uint256 amountWei) internal {
        self.lockedWei += amountWei;
    }

    /// @notice Moves locked wei to an account's balance; nothing is sent, so no payee can get in the way.
    function release(BondBook storage self, address account, uint256 amountWei) internal {
        if (amountWei == 0) return;
        self.lockedWei -= amountWei;
        self.creditedWei += amountWei;
        self.creditOf[account] += amountWei;
    }

    /// @notice Burns locked wei. The payee has no code, so the call is safe anywhere.
    function burn(BondBook storage self, uint256 amountWei) internal {
        if (amountWei == 0) return;
        self.lockedWei -= amountWei;
        Address.sendValue(payable(BURNED), amountWei);
    }

    /// @notice Sends the caller its balance.
    function withdraw(BondBook storage self) internal returns (uint256 amountWei) {
        amountWei = self.creditOf[msg.sender];
        if (amountWei == 0) revert NothingToWithdraw(msg.sender);
        self.creditOf[msg.sender] = 0;
        self.creditedWei -= amountWei;
        emit Withdrawn(msg.sender, amountWei);
        Address.sendValue(payable(msg.sender), amountWei);
    }
}
