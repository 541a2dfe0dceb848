// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ISequencerStake} from "../interfaces/ISequencerStake.sol";
import {BondBook, Bonds} from "../libraries/Bonds.sol";
import {HeaderRlp, SealedHeader} from "../libraries/HeaderRlp.sol";
import {digestAnchoredBatch, digestSealedHeader} from "../types/SequencerWord.sol";
import {SignedHeader} from "../types/SignedHeader.sol";

/// @notice See `ISequencerStake`.
contract SequencerStake is ISequencerStake {
    using Bonds for BondBook;

    uint256 private immutable L2_CHAIN_ID;
    address private immutable HEADER_ANCHOR;
    address private immutable SEQUENCER;
    uint64 private immutable EXIT_SECONDS;

    BondBook private _book;
    mapping(bytes32 place => bool) private _slashed;
    /// @inheritdoc ISequencerStake
    uint64 public exitFrom;
    /// @dev What was staked when the exit was announced: what comes later is locked as long.
    uint256 private _exitWei;

    /// @param exitSeconds longer than EIP-2935 remembers, so that what was signed before the announcement stays provable
    constructor(uint256 l2ChainId, address headerAnchor, address sequencer, uint64 exitSeconds) {
        L2_CHAIN_ID = l2ChainId;
        HEADER_ANCHOR = headerAnchor;
        SEQUENCER = sequencer;
        EXIT_SECONDS = exitSeconds;
    }

    /// @inheritdoc ISequencerStake
    function stake() external payable {
        _book.lock(msg.value);
        emit Staked(msg.sender, msg.value);
    }

    /// @inheritdoc ISequencerStake
    function slash(SignedHeader calldata first, SignedHeader calldata second) external {
        uint256 amountWei = _book.lockedWei;
        if (amountWei == 0) revert NoStake();
        SealedHeader memory one = _signed(first);
        SealedHeader memory two = _signed(second);
        if (one.hash == two.hash) revert SameHeader(one.hash);
        if (one.number != two.number) revert NumberMismatch(one.number, two.number);
        if (one.parentHash != two.parentHash) revert ParentMismatch(one.parentHash, two.parentHash);
        _checkOrigin(one);
        _checkOrigin(two);
        bytes32 place = keccak256(abi.encode(one.number, one.parentHash));
        if (_slashed[place]) revert AlreadySlashed(one.number, one.parentHash);

        _slashed[place] = true;
        uint256 rewardWei = amountWei / 2;
        _book.release(msg.sender, rewardWei);
        emit Slashed(one.number, one.hash, two.hash, msg.sender, rewardWei);
        _book.burn(amountWei - rewardWei);
    }

    /// @inheritdoc ISequencerStake
    function announceExit() external {
        if (msg.sender != SEQUENCER) revert OnlySequencer(SEQUENCER, msg.sender);
        exitFrom = uint64(block.timestamp) + EXIT_SECONDS;
        _exitWei = _book.lockedWei;
        emit ExitAnnounced(exitFrom);
    }

    /// @inheritdoc ISequencerStake
    function exit() external {
        if (exitFrom == 0) revert ExitNotAnnounced();
        if (block.timestamp < exitFrom) revert ExitTooEarly(exitFrom, uint64(block.timestamp));
        uint64 until = exitFrom + EXIT_SECONDS;
        if (block.timestamp > until) revert ExitLapsed(until, uint64(block.timestamp));
        exitFrom = 0;
        uint256 amountWei = _exitWei < _book.lockedWei ? _exitWei : _book.lockedWei;
        _book.release(SEQUENCER, amountWei);
    }

    /// @inheritdoc ISequencerStake
    function withdraw() external returns (uint256 amountWei) {
        return _book.withdraw();
    }

    /// @inheritdoc ISequencerStake
    function stakeWei() external view returns (uint256) {
        return _book.lockedWei;
    }

    /// @dev The header in question, once the sequencer's signature leads to it.
    function _signed(SignedHeader calldata given) private view returns (SealedHeader memory header) {
        if (given.headers.length == 0) revert NoHeaders();
        header = HeaderRlp.decode(given.headers[0]);
        SealedHeader memory last = header;
        for (uint256 i = 1; i < given.headers.length; ++i) {
            SealedHeader memory child = HeaderRlp.decode(given.headers[i]);
            if (child.parentHash != last.hash) revert NotLinked(child.number);
            last = child;
        }
        uint64 first = given.batchFirstNumber;
        bytes32 digest = first == 0
            ? digestSealedHeader(HEADER_ANCHOR, L2_CHAIN_ID, last.hash)
            : digestAnchoredBatch(HEADER_ANCHOR, L2_CHAIN_ID, first, last.number, last.hash, given.batchDataRoot);
        address signer = ECDSA.recover(digest, given.signature);
        if (signer != SEQUENCER) revert NotSigned(SEQUENCER, signer);
    }

    function _checkOrigin(SealedHeader memory header) private view {
        bytes32 canonical = Blockhash.blockHash(header.originNumber);
        if (canonical == bytes32(0) || header.originHash != canonical) {
            revert OriginNotCanonical(header.originNumber, canonical, header.originHash);
        }
    }
}
