// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../types/Withdrawal.sol";

/// @title Bridge
/// @notice Custody of all user ETH. ETH comes in through the Inbox and leaves by proof against a settled state claim
/// (docs/protocol.md P8.2).
interface IBridge {
    error ZeroAmount();
    error ZeroAddress();
    /// @notice Only the contracts that sell L2 gas bring custody without a deposit.
    error NotACustomer(address sender);
    /// @notice ETH cannot be withdrawn into the protocol's own contracts.
    error TargetRefused(address target);
    error AlreadyPaid(uint256 index);
    /// @notice StateClaims' own: nobody has settled the state of this block.
    error NotSettled(uint64 number);
    error ProofMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    /// @notice The caller must leave the payee at least `required` gas, so that nobody can starve somebody else's payout.
    error GasTooLow(uint256 required, uint256 actual);
    /// @notice The payee reverted. The withdrawal stays unpaid and may be tried again.
    error PayoutFailed(address target);

    event EthDeposited(address indexed from, address indexed to, uint256 amountWei, uint64 inboxIndex);
    event WithdrawalPaid(uint256 indexed index, address indexed to, uint256 amountWei);

    /// @notice Sends `msg.value` wei to `to` on L2.
    function depositEth(address to) external payable returns (uint64 inboxIndex);

    /// @notice Takes the ETH behind L2 gas into custody; only PrepaidGas and ForcedTransactions call it.
    function takeCustody() external payable;

    /// @notice Pays a withdrawal once. Anybody may call; the ETH goes to `withdrawal.to`.
    /// @param number a settled block at or after the withdrawal's
    /// @param proof siblings of the withdrawal's leaf in the outbox tree of that block, from the leaf upwards
    function finalizeWithdrawal(uint64 number, Withdrawal calldata withdrawal, bytes32[32] calldata proof) external;

    /// @notice Whether withdrawal `index` was paid.
    function isPaid(uint256 index) external view returns (bool);

    /// @notice First L1 timestamp at which withdrawals up to block `number` can be paid (after anybody's `settle`);
    /// 0 while nobody has claimed the state of that block.
    function withdrawableAt(uint64 number) external view returns (uint64);
}
