// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../interfaces/IHeaderAnchor.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {IStateClaims} from "../interfaces/IStateClaims.sol";
import {Batch} from "../types/Batch.sol";
import {MessageKind} from "../types/MessageKind.sol";
import {StateClaim} from "../types/StateClaim.sol";

/// @notice See `IStateClaims`.
contract StateClaims is IStateClaims {
    bytes32 private constant STATE_CLAIM = keccak256("ANH.StateClaim.v1");

    /// @dev What later steps need of a posted claim; the whole of it is in the log.
    struct Posted {
        uint64 postedAt; // L1 seconds; 0: never posted
        bool settled;
        bytes32 stateRoot;
        bytes32 outboxRoot;
        bytes32 creditsRoot;
    }

    IInbox private immutable INBOX;
    IHeaderAnchor private immutable HEADER_ANCHOR;
    IResultClaims private immutable RESULT_CLAIMS;
    uint64 private immutable STATE_WINDOW;
    /// @inheritdoc IStateClaims
    address public immutable poster;

    /// @inheritdoc IStateClaims
    uint64 public lastPosted;
    /// @inheritdoc IStateClaims
    uint64 public lastSettled;
    mapping(uint64 number => Posted) private _posted;

    constructor(
        IInbox inbox,
        IHeaderAnchor headerAnchor,
        IResultClaims resultClaims,
        address poster_,
        uint64 stateWindow
    ) {
        INBOX = inbox;
        HEADER_ANCHOR = headerAnchor;
        RESULT_CLAIMS = resultClaims;
        STATE_WINDOW = stateWindow;
        poster = poster_;
    }

    /// @inheritdoc IStateClaims
    function post(StateClaim calldata claim) external returns (bytes32 claimHash) {
        if (msg.sender != poster) revert OnlyPoster(poster, msg.sender);
        uint64 number = claim.number;
        if (number <= lastPosted) revert NotAscending(lastPosted, number);
        Batch memory batch = HEADER_ANCHOR.batch(HEADER_ANCHOR.batchOf(number));
        if (number != batch.lastNumber) revert NotEndOfBatch(batch.lastNumber, number);
        if (claim.headerHash != batch.lastHash) revert HeaderMismatch(batch.lastHash, claim.headerHash);
        uint64 open = RESULT_CLAIMS.firstOpen();
        if (open < batch.inboxCount) revert ResultsOpen(open, batch.inboxCount);

        claimHash = keccak256(abi.encode(STATE_CLAIM, claim));
        lastPosted = number;
        _posted[number] =
            Posted(uint64(block.timestamp), false, claim.stateRoot, claim.outboxRoot, claim.creditsRoot);
        emit StateClaimed(number, claimHash, claim);
    }

    /// @inheritdoc IStateClaims
    function settle(uint64 number) external {
        Posted storage posted = _posted[number];
        if (posted.postedAt == 0) revert NotPosted(number);
        if (number <= lastSettled) revert NotAscending(lastSettled, number);
        // At postedAt + window a claim can still be contradicted; from the next second on it is settled.
        uint64 from = posted.postedAt + STATE_WINDOW + 1;
        if (block.timestamp < from) revert WindowOpen(from, uint64(block.timestamp));

        lastSettled = number;
        posted.settled = true;
        uint64 inboxIndex =
            INBOX.queue(MessageKind.SETTLED, abi.encode(number, posted.stateRoot, posted.creditsRoot));
        emit StateSettled(number, posted.stateRoot, inboxIndex);
    }

    /// @inheritdoc IStateClaims
    function settleableAt(uint64 number) external view returns (uint64) {
        Posted storage posted = _posted[number];
        // A claim that a later one overtook is never settled.
        if (posted.postedAt == 0 || (!posted.settled && number < lastSettled)) return 0;
        return posted.postedAt + STATE_WINDOW + 1;
    }

    /// @inheritdoc IStateClaims
    function settledOutboxRoot(uint64 number) external view returns (bytes32) {
        if (!_posted[number].settled) revert NotSettled(number);
        return _posted[number].outboxRoot;
    }
}
