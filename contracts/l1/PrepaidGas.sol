// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBridge} from "../interfaces/IBridge.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IPrepaidGas} from "../interfaces/IPrepaidGas.sol";
import {MessageKind} from "../types/MessageKind.sol";

/// @notice See `IPrepaidGas`.
contract PrepaidGas is IPrepaidGas {
    IInbox private immutable INBOX;
    IBridge private immutable BRIDGE;

    constructor(IInbox inbox, IBridge bridge) {
        INBOX = inbox;
        BRIDGE = bridge;
    }

    /// @inheritdoc IPrepaidGas
    /// @dev There is deliberately no `receive`: a plain transfer from an exchange would credit the exchange.
    function deposit(address account) external payable returns (uint64 inboxIndex) {
        if (msg.value == 0) revert ZeroAmount();
        if (account == address(0)) revert ZeroAddress();
        inboxIndex = INBOX.queue(MessageKind.GAS_DEPOSIT, abi.encode(account, msg.value));
        BRIDGE.takeCustody{value: msg.value}();
    }
}
