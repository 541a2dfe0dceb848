// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IBridge} from "../interfaces/IBridge.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IStateClaims} from "../interfaces/IStateClaims.sol";
import {OutboxTree} from "../libraries/OutboxTree.sol";
import {MessageKind} from "../types/MessageKind.sol";
import {Withdrawal} from "../types/Withdrawal.sol";

/// @notice See `IBridge`.
contract Bridge is IBridge {
    using BitMaps for BitMaps.BitMap;

    /// @dev What a payee can always count on. More is passed on when the caller gives more.
    uint256 private constant PAYOUT_GAS = 100_000;

    uint256 private immutable L2_CHAIN_ID;
    IInbox private immutable INBOX;
    IStateClaims private immutable STATE_CLAIMS;
    address private immutable PREPAID_GAS;
    address private immutable FORCED_TRANSACTIONS;

    BitMaps.BitMap private _paid;
    mapping(address contract_ => bool) private _refused;

    /// @param refused the protocol's contracts, none of which may be paid
    constructor(
        uint256 l2ChainId,
        IInbox inbox,
        IStateClaims stateClaims,
        address prepaidGas,
        address forcedTransactions,
        address[] memory refused
    ) {
        L2_CHAIN_ID = l2ChainId;
        INBOX = inbox;
        STATE_CLAIMS = stateClaims;
        PREPAID_GAS = prepaidGas;
        FORCED_TRANSACTIONS = forcedTransactions;
        _refused[address(this)] = true;
        for (uint256 i = 0; i < refused.length; ++i) _refused[refused[i]] = true;
    }

    /// @inheritdoc IBridge
    function depositEth(address to) external payable returns (uint64 inboxIndex) {
        if (msg.value == 0) revert ZeroAmount();
        if (to == address(0)) revert ZeroAddress();
        inboxIndex = INBOX.queue(MessageKind.ETH_DEPOSIT, abi.encode(msg.sender, to, msg.value));
        emit EthDeposited(msg.sender, to, msg.value, inboxIndex);
    }

    /// @inheritdoc IBridge
    function takeCustody() external payable {
        if (msg.sender != PREPAID_GAS && msg.sender != FORCED_TRANSACTIONS) revert NotACustomer(msg.sender);
    }

    /// @inheritdoc IBridge
    function finalizeWithdrawal(uint64 number, Withdrawal calldata withdrawal, bytes32[32] calldata proof)
        external
    {
        if (_refused[withdrawal.to]) revert TargetRefused(withdrawal.to);
        if (_paid.get(withdrawal.index)) revert AlreadyPaid(withdrawal.index);
        bytes32 expected = STATE_CLAIMS.settledOutboxRoot(number);
        bytes32 leaf = OutboxTree.leafOf(L2_CHAIN_ID, withdrawal);
        bytes32 actual = OutboxTree.rootOf(leaf, withdrawal.index, proof);
        if (actual != expected) revert ProofMismatch(expected, actual);

        _paid.set(withdrawal.index); // before the payee runs: a re-entering payee finds it paid
        emit WithdrawalPaid(withdrawal.index, withdrawal.to, withdrawal.amountWei);

        // EIP-150 keeps back a 64th: what is left before the call must cover it, and the cost of the call itself.
        uint256 required = PAYOUT_GAS + PAYOUT_GAS / 63 + 45_000;
        if (gasleft() < required) revert GasTooLow(required, gasleft());
        // Return data is not copied: a payee cannot make its payout expensive.
        bool success = LowLevelCall.callNoReturn(withdrawal.to, withdrawal.amountWei, "");
        if (!success) revert PayoutFailed(withdrawal.to);
    }

    /// @inheritdoc IBridge
    function isPaid(uint256 index) external view returns (bool) {
        return _paid.get(index);
    }

    /// @inheritdoc IBridge
    function withdrawableAt(uint64 number) external view returns (uint64) {
        return STATE_CLAIMS.settleableAt(number);
    }
}
