// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../interfaces/IInbox.sol";
import {Checkpoint} from "../types/Checkpoint.sol";
import {MessageKind} from "../types/MessageKind.sol";

/// @notice See `IInbox`.
contract Inbox is IInbox {
    /// @dev What the first message of a block needs from here on: two new storage slots and the list's length (47,300), the event,
    /// and what callers do after they queued. Estimates run on the newest block, inclusion is in a later one; on a busy Inbox they
    /// would count on a checkpoint that is not theirs.
    uint256 private constant FIRST_OF_BLOCK_GAS = 100_000;
    /// @dev Of the event's data (8) and its hash.
    uint256 private constant GAS_PER_BODY_BYTE = 10;

    address private immutable PREPAID_GAS;
    address private immutable BRIDGE;
    address private immutable RESULT_CLAIMS;
    address private immutable STATE_CLAIMS;
    address private immutable FORCED_TRANSACTIONS;

    /// @dev Ascending by L1 block. The first entry is the empty Inbox, so that every lookup finds one; the last is the present.
    Checkpoint[] private _checkpoints;

    constructor(
        uint256 l2ChainId,
        address prepaidGas,
        address bridge,
        address resultClaims,
        address stateClaims,
        address forcedTransactions
    ) {
        PREPAID_GAS = prepaidGas;
        BRIDGE = bridge;
        RESULT_CLAIMS = resultClaims;
        STATE_CLAIMS = stateClaims;
        FORCED_TRANSACTIONS = forcedTransactions;
        _checkpoints.push(Checkpoint(0, 0, 0, keccak256(abi.encode(l2ChainId, address(this)))));
    }

    /// @inheritdoc IInbox
    function queue(uint8 kind, bytes calldata body) external returns (uint64 index) {
        if (!_mayQueue(msg.sender, kind)) revert KindNotYours(kind, msg.sender);
        Checkpoint storage last = _checkpoints[_checkpoints.length - 1];
        index = last.count;
        bytes32 next = keccak256(abi.encode(last.hash, keccak256(abi.encode(kind, body)))); // P1.1
        if (last.l1Block == block.number) {
            uint256 required = FIRST_OF_BLOCK_GAS + GAS_PER_BODY_BYTE * body.length;
            if (gasleft() < required) revert GasTooLow(required, gasleft());
            last.count = index + 1;
            last.hash = next;
        } else {
            _checkpoints.push(Checkpoint(uint64(block.number), uint64(block.timestamp), index + 1, next));
        }
        emit MessageQueued(index, kind, body, next);
    }

    /// @inheritdoc IInbox
    function count() external view returns (uint64) {
        return _checkpoints[_checkpoints.length - 1].count;
    }

    /// @inheritdoc IInbox
    function hash() external view returns (bytes32) {
        return _checkpoints[_checkpoints.length - 1].hash;
    }

    /// @inheritdoc IInbox
    function checkpointAt(uint64 l1Block) external view returns (Checkpoint memory) {
        return _checkpoints[_lastAt(l1Block)];
    }

    /// @inheritdoc IInbox
    function checkpointAndNext(uint64 l1Block) external view returns (Checkpoint memory checkpoint, uint64 nextL1Timestamp) {
        uint256 index = _lastAt(l1Block);
        checkpoint = _checkpoints[index];
        nextL1Timestamp =
            index + 1 < _checkpoints.length ? _checkpoints[index + 1].l1Timestamp : type(uint64).max;
    }

    function _mayQueue(address sender, uint8 kind) private view returns (bool) {
        if (kind == MessageKind.GAS_DEPOSIT) return sender == PREPAID_GAS;
        if (kind == MessageKind.ETH_DEPOSIT) return sender == BRIDGE;
        if (kind == MessageKind.SETTLED) return sender == STATE_CLAIMS;
        if (kind == MessageKind.FORCED_ENVELOPE || kind == MessageKind.FORCED_CALL) return sender == FORCED_TRANSACTIONS;
        bool isAboutResults = kind >= MessageKind.CLAIMED && kind <= MessageKind.FINAL;
        return (isAboutResults || kind == MessageKind.VOIDED) && sender == RESULT_CLAIMS;
    }

    /// @dev Gallops back from the newest checkpoint: origins lie near the head.
    function _lastAt(uint64 l1Block) private view returns (uint256) {
        uint256 high = _checkpoints.length; // first index known to lie after l1Block
        uint256 low = high - 1;
        for (uint256 stride = 1; _checkpoints[low].l1Block > l1Block; stride *= 2) {
            high = low;
            low = low > stride ? low - stride : 0;
        }
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (_checkpoints[middle].l1Block > l1Block) high = middle;
            else low = middle;
        }
        return low;
    }
}
