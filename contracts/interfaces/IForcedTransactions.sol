// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ForcedTransactions
/// @notice The way onto L2 that no sequencer can close (docs/protocol.md P1.6): what is forced becomes an Inbox message, and a block
/// whose origin is younger than the message must include it. Both ways take L2 gas of a lane with a cap per L1 block.
/// @dev Forcing says nothing about success: an envelope that is not includable when its turn comes is skipped, and what was paid
/// here is gone.
interface IForcedTransactions {
    error GasLimitOutOfRange(uint64 least, uint64 most, uint64 gasLimit);
    error DataTooLong(uint256 most, uint256 actual);
    /// @notice The ledger answers to signatures only.
    error LedgerRefused();
    error ValueTooLow(uint256 required, uint256 actual);

    /// @notice Forces an ordinary signed L2 transaction, anybody's. Its fee comes from its sender's prepaid gas, at no more than the
    /// base fee; the lane's price for `gasLimit` is burned here, and what was sent beyond it comes back.
    /// @param gasLimit at least the envelope's own, or L2 skips it
    function forceEnvelope(bytes calldata envelope, uint64 gasLimit) external payable returns (uint64 inboxIndex);

    /// @notice Calls `to` on L2 as the caller: a plain account as itself, a contract as its alias (address + 0x1111…1111, 20 bytes).
    /// `msg.value` pays for the gas; what is beyond `gasLimit` × price becomes L2 balance of the sender, before the call.
    function forceCall(address to, uint256 valueWei, uint64 gasLimit, bytes calldata data)
        external
        payable
        returns (uint64 inboxIndex);

    /// @notice Price per L2 gas and gas left in the current L1 block.
    function lane() external view returns (uint128 priceWei, uint64 leftGas);
}
