// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IBridge} from "../interfaces/IBridge.sol";
import {IForcedTransactions} from "../interfaces/IForcedTransactions.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {Bonds} from "../libraries/Bonds.sol";
import {ForcedLane, Lane} from "../libraries/ForcedLane.sol";
import {MessageKind} from "../types/MessageKind.sol";

/// @notice See `IForcedTransactions`.
contract ForcedTransactions is IForcedTransactions {
    using ForcedLane for Lane;

    /// @dev EIP-7825's cap, as on L2.
    uint64 private constant MAX_GAS = 2 ** 24;
    uint256 private constant MAX_BYTES = 90_000;
    /// @dev EIP-7623: no call of so many bytes needs more than this to be includable.
    uint64 private constant BASE_GAS = 21_000;
    uint64 private constant GAS_PER_BYTE = 40;
    uint160 private constant ALIAS_OFFSET = uint160(0x1111111111111111111111111111111111111111);
    address private constant LEDGER = address(0x414e4802); // P0.6

    IInbox private immutable INBOX;
    IBridge private immutable BRIDGE;

    Lane private _lane;

    constructor(IInbox inbox, IBridge bridge) {
        INBOX = inbox;
        BRIDGE = bridge;
    }

    /// @inheritdoc IForcedTransactions
    function forceEnvelope(bytes calldata envelope, uint64 gasLimit) external payable returns (uint64 inboxIndex) {
        _checkSize(envelope.length, gasLimit, BASE_GAS);
        uint256 costWei = _pay(gasLimit);
        inboxIndex = INBOX.queue(MessageKind.FORCED_ENVELOPE, abi.encode(envelope, gasLimit));
        Address.sendValue(payable(Bonds.BURNED), costWei);
        if (msg.value > costWei) Address.sendValue(payable(msg.sender), msg.value - costWei);
    }

    /// @inheritdoc IForcedTransactions
    function forceCall(address to, uint256 valueWei, uint64 gasLimit, bytes calldata data)
        external
        payable
        returns (uint64 inboxIndex)
    {
        if (to == LEDGER) revert LedgerRefused();
        _checkSize(data.length, gasLimit, BASE_GAS + GAS_PER_BYTE * uint64(data.length));
        uint256 costWei = _pay(gasLimit);
        bytes memory body = abi.encode(
            _sender(), to, msg.value - costWei, valueWei, gasLimit, costWei / gasLimit, data
        );
        inboxIndex = INBOX.queue(MessageKind.FORCED_CALL, body);
        BRIDGE.takeCustody{value: msg.value}();
    }

    /// @inheritdoc IForcedTransactions
    function lane() external view returns (uint128 priceWei, uint64 leftGas) {
        uint64 usedGas;
        (priceWei, usedGas) = _lane.current();
        leftGas = ForcedLane.CAP_GAS - usedGas;
    }

    function _checkSize(uint256 length, uint64 gasLimit, uint64 least) private pure {
        if (length > MAX_BYTES) revert DataTooLong(MAX_BYTES, length);
        if (gasLimit < least || gasLimit > MAX_GAS) revert GasLimitOutOfRange(least, MAX_GAS, gasLimit);
    }

    /// @dev Takes the gas from the lane; the call's value must cover it.
    function _pay(uint64 gasLimit) private returns (uint256 costWei) {
        costWei = uint256(_lane.take(gasLimit)) * gasLimit;
        if (msg.value < costWei) revert ValueTooLow(costWei, msg.value);
    }

    /// @dev Another contract may stand at a contract's address on L2; at the origin's nobody else's key is (EIP-7702 included: its
    /// code there is the account's own choice).
    function _sender() private view returns (address) {
        if (msg.sender == tx.origin) return msg.sender;
        unchecked {
            return address(uint160(msg.sender) + ALIAS_OFFSET);
        }
    }
}
