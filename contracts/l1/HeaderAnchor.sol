// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IHeaderAnchor} from "../interfaces/IHeaderAnchor.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {BatchData} from "../libraries/BatchData.sol";
import {HeaderRlp, SealedHeader} from "../libraries/HeaderRlp.sol";
import {Batch} from "../types/Batch.sol";
import {Checkpoint} from "../types/Checkpoint.sol";
import {digestAnchoredBatch} from "../types/SequencerWord.sol";

/// @notice See `IHeaderAnchor`.
contract HeaderAnchor is IHeaderAnchor {
    /// @dev Seconds by which a header's time may run ahead of its origin's (P3.3).
    uint64 private constant MAX_ORIGIN_LAG = 1800;
    /// @dev L1 blocks by which a fallback block's origin may lie back: nobody can use it to leave messages out.
    uint64 private constant MAX_FALLBACK_ORIGIN_AGE = 64;

    uint256 private immutable L2_CHAIN_ID;
    IInbox private immutable INBOX;
    uint64 private immutable INCLUSION_WINDOW;
    /// @inheritdoc IHeaderAnchor
    address public immutable sequencer;

    /// @dev Slot 0: nodes prove the length and the roots against the state root of an L1 block.
    Batch[] private _batches;

    /// @param genesis what batch 0 is to hold: the genesis header's hash, time and origin
    constructor(uint256 l2ChainId, IInbox inbox, address sequencer_, uint64 inclusionWindow, Batch memory genesis) {
        L2_CHAIN_ID = l2ChainId;
        INBOX = inbox;
        INCLUSION_WINDOW = inclusionWindow;
        sequencer = sequencer_;
        _batches.push(genesis);
    }

    /// @inheritdoc IHeaderAnchor
    function anchor(bytes[] calldata headers, bytes calldata signature, bytes calldata data) external {
        _anchor(headers, signature, BatchData.root(data));
    }

    /// @inheritdoc IHeaderAnchor
    function anchorBlobs(bytes[] calldata headers, bytes calldata signature) external {
        if (blobhash(0) == bytes32(0)) revert NoBlobs();
        _anchor(headers, signature, BatchData.blobsRoot());
    }

    /// @inheritdoc IHeaderAnchor
    function anchorFallback(bytes calldata header, bytes calldata originHeader) external {
        _checkSender();
        uint64 index = uint64(_batches.length);
        Batch memory previous = _batches[index - 1];
        if (!_fallbackDue(previous)) {
            revert FallbackNotDue(previous.anchoredAt + INCLUSION_WINDOW, uint64(block.timestamp));
        }
        SealedHeader memory last = HeaderRlp.decode(header);
        _checkChild(_parentOf(previous), last);
        (Checkpoint memory inboxThen, uint64 nextMessageTime) = INBOX.checkpointAndNext(last.originNumber);
        _checkInbox(last, inboxThen, nextMessageTime);
        _checkOrigin(last);
        if (block.number - last.originNumber > MAX_FALLBACK_ORIGIN_AGE) {
            revert FallbackOriginTooOld(last.originNumber, uint64(block.number) - MAX_FALLBACK_ORIGIN_AGE);
        }
        if (keccak256(originHeader) != last.originHash) revert NotTheOrigin(last.originHash, keccak256(originHeader));
        uint64 originTime = HeaderRlp.timeOf(originHeader);
        if (last.timestamp != originTime) revert FallbackTime(originTime, last.timestamp);

        _batches.push(_batchOf(previous.lastNumber + 1, last, bytes32(0)));
        emit BatchAnchored(index, last.number, last.number, last.hash);
    }

    /// @inheritdoc IHeaderAnchor
    function fallbackDueAfter() external view returns (uint64) {
        return _batches[_batches.length - 1].anchoredAt + INCLUSION_WINDOW;
    }

    /// @inheritdoc IHeaderAnchor
    function batchCount() external view returns (uint64) {
        return uint64(_batches.length);
    }

    /// @inheritdoc IHeaderAnchor
    function batch(uint64 index) external view returns (Batch memory) {
        return _batches[index];
    }

    /// @inheritdoc IHeaderAnchor
    function batchOf(uint64 number) external view returns (uint64 index) {
        uint256 high = _batches.length - 1;
        if (number > _batches[high].lastNumber) revert NotAnchored(number, _batches[high].lastNumber);
        uint256 low = 0;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_batches[middle].lastNumber < number) low = middle + 1;
            else high = middle;
        }
        return uint64(low);
    }

    function _anchor(bytes[] calldata headers, bytes calldata signature, bytes32 dataRoot) private {
        _checkSender();
        if (headers.length == 0) revert NoHeaders();

        uint64 index = uint64(_batches.length);
        Batch memory previous = _batches[index - 1];
        if (_fallbackDue(previous)) revert FallbackDue(previous.anchoredAt + INCLUSION_WINDOW, uint64(block.timestamp));
        SealedHeader memory last = _parentOf(previous);
        Checkpoint memory inboxThen;
        uint64 nextMessageTime;
        for (uint256 i = 0; i < headers.length; ++i) {
            SealedHeader memory header = HeaderRlp.decode(headers[i]);
            _checkChild(last, header);
            if (i == 0 || header.originNumber != last.originNumber) {
                (inboxThen, nextMessageTime) = INBOX.checkpointAndNext(header.originNumber);
            }
            _checkInbox(header, inboxThen, nextMessageTime);
            last = header;
        }
        _checkOrigin(last);
        Batch memory anchored = _batchOf(previous.lastNumber + 1, last, dataRoot);
        _checkSignature(anchored, signature);

        _batches.push(anchored);
        emit BatchAnchored(index, anchored.firstNumber, anchored.lastNumber, anchored.lastHash);
    }

    /// @dev The transaction's input must be the posted bytes.
    function _checkSender() private view {
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotPlainAccount(msg.sender);
    }

    /// @dev At anchoredAt + window the sequencer may still anchor; from the next second on only the fallback block follows.
    function _fallbackDue(Batch memory previous) private view returns (bool) {
        return block.timestamp > previous.anchoredAt + INCLUSION_WINDOW;
    }

    function _batchOf(uint64 firstNumber, SealedHeader memory last, bytes32 dataRoot) private view returns (Batch memory) {
        return Batch({
            firstNumber: firstNumber,
            lastNumber: last.number,
            lastTimestamp: last.timestamp,
            inboxCount: last.inboxCount,
            originNumber: last.originNumber,
            anchoredAt: uint64(block.timestamp),
            lastHash: last.hash,
            dataRoot: dataRoot
        });
    }

    /// @dev As much of the last anchored header as its child is judged by.
    function _parentOf(Batch memory previous) private pure returns (SealedHeader memory parent) {
        parent.hash = previous.lastHash;
        parent.number = previous.lastNumber;
        parent.timestamp = previous.lastTimestamp;
        parent.originNumber = previous.originNumber;
    }

    /// @dev P3.3 and P3.4 as far as one header and its parent go.
    function _checkChild(SealedHeader memory parent, SealedHeader memory header) private view {
        uint64 number = header.number;
        uint64 time = header.timestamp;
        if (header.parentHash != parent.hash) revert NotChild(number, parent.hash, header.parentHash);
        if (number != parent.number + 1) revert NumberMismatch(parent.number + 1, number);
        if (time < parent.timestamp) revert TimeBeforeParent(number, parent.timestamp, time);
        if (time > block.timestamp) revert TimeInFuture(number, uint64(block.timestamp), time);
        if (block.timestamp - time > INCLUSION_WINDOW) {
            revert InclusionWindowOver(number, time + INCLUSION_WINDOW, uint64(block.timestamp));
        }
        if (header.originNumber < parent.originNumber) {
            revert OriginBackwards(number, parent.originNumber, header.originNumber);
        }
        if (header.originNumber >= block.number) revert OriginNotPast(header.originNumber, uint64(block.number));
    }

    /// @dev The header names the Inbox as it stood at its origin, and no message has waited for longer than an origin may be held
    /// back. The latter follows from `time − origin.time ≤ 1800`, which L1 cannot judge without every origin's header.
    function _checkInbox(SealedHeader memory header, Checkpoint memory then, uint64 nextMessageTime) private pure {
        if (header.inboxCount != then.count || header.inboxHash != then.hash) {
            revert InboxMismatch(header.number, then.count, then.hash, header.inboxCount, header.inboxHash);
        }
        if (header.timestamp > nextMessageTime && header.timestamp - nextMessageTime > MAX_ORIGIN_LAG) {
            revert InboxHeldBack(header.number, nextMessageTime, header.timestamp);
        }
    }

    function _checkOrigin(SealedHeader memory header) private view {
        bytes32 canonical = Blockhash.blockHash(header.originNumber);
        if (canonical == bytes32(0) || header.originHash != canonical) {
            revert OriginNotCanonical(header.originNumber, canonical, header.originHash);
        }
    }

    /// @dev The data is signed too: the headers and signature of a pending `anchor` are public, and whoever repeats them over
    /// other bytes would make every block of the batch inbox-only.
    function _checkSignature(Batch memory anchored, bytes calldata signature) private view {
        bytes32 digest = digestAnchoredBatch(
            address(this),
            L2_CHAIN_ID,
            anchored.firstNumber,
            anchored.lastNumber,
            anchored.lastHash,
            anchored.dataRoot
        );
        address signer = ECDSA.recover(digest, signature);
        if (signer != sequencer) revert NotSequencer(sequencer, signer);
    }
}
