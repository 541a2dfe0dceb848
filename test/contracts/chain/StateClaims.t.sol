// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {IStateClaims} from "../../../contracts/interfaces/IStateClaims.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {StateClaim} from "../../../contracts/types/StateClaim.sol";
import {ChainFixture} from "../support/ChainFixture.sol";
import {vm} from "../support/Vm.sol";

contract StateClaimsTest is ChainFixture {
    function setUp() public {
        deployChain();
    }

    function post(StateClaim memory claim) internal {
        vm.prank(POSTER);
        stateClaims.post(claim);
    }

    function test_post_byStranger_reverts() public {
        StateClaim memory claim = claimOf(anchorBatch(1), bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.OnlyPoster.selector, POSTER, address(this)));
        stateClaims.post(claim);
    }

    /// Genesis, a block not anchored yet, and numbers that no chain reaches.
    function test_post_blockNotAnchored_reverts() public {
        Batch memory batch = anchorBatch(2);
        StateClaim memory claim = claimOf(batch, bytes32(0));
        claim.number = 0;
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotAscending.selector, uint64(0), uint64(0)));
        post(claim);
        uint64[2] memory beyond = [uint64(3), type(uint64).max];
        for (uint256 i = 0; i < 2; ++i) {
            claim.number = beyond[i];
            vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotAnchored.selector, beyond[i], uint64(2)));
            post(claim);
        }
    }

    function test_post_notLastOfBatch_reverts() public {
        StateClaim memory claim = claimOf(anchorBatch(3), bytes32(0));
        claim.number = 2;
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotEndOfBatch.selector, uint64(3), uint64(2)));
        post(claim);
    }

    /// An L1 reorg may put another block under the same number: claims name it by hash.
    function test_post_otherHeader_reverts() public {
        Batch memory batch = anchorBatch(1);
        StateClaim memory claim = claimOf(batch, bytes32(0));
        claim.headerHash = keccak256("another");
        vm.expectRevert(
            abi.encodeWithSelector(IStateClaims.HeaderMismatch.selector, batch.lastHash, claim.headerHash)
        );
        post(claim);
    }

    function test_post_resultsOpen_boundary() public {
        results.queue(3, "claimed 0");
        results.queue(3, "claimed 1");
        Batch memory batch = anchorBatch(1);
        vm.assertEq(batch.inboxCount, 2, "both messages are consumed");
        StateClaim memory claim = claimOf(batch, bytes32(0));
        for (uint64 open = 0; open < 2; ++open) {
            results.set(open);
            vm.expectRevert(abi.encodeWithSelector(IStateClaims.ResultsOpen.selector, open, uint64(2)));
            post(claim);
        }
        results.set(2); // the first open claim is not among those consumed
        post(claim);
        vm.assertEq(stateClaims.lastPosted(), 1, "posted");
    }

    function test_post_twiceOrBackwards_reverts() public {
        Batch memory one = anchorBatch(1);
        Batch memory two = anchorBatch(1);
        post(claimOf(two, bytes32(0)));
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotAscending.selector, uint64(2), uint64(2)));
        post(claimOf(two, keccak256("another root")));
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotAscending.selector, uint64(2), uint64(1)));
        post(claimOf(one, bytes32(0)));
    }

    function test_post_emitsTheWholeClaim() public {
        StateClaim memory claim = claimOf(anchorBatch(1), keccak256("outbox"));
        bytes32 expected = keccak256(
            abi.encode(
                keccak256("ANH.StateClaim.v1"),
                claim.number,
                claim.headerHash,
                claim.stateRoot,
                claim.outboxRoot,
                claim.creditsRoot,
                claim.blocksRoot,
                claim.accountantFeesWei
            )
        );
        vm.expectEmit();
        emit IStateClaims.StateClaimed(1, expected, claim);
        post(claim);
    }

    function test_settle_notPosted_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotPosted.selector, uint64(1)));
        stateClaims.settle(1);
        vm.assertEq(stateClaims.settleableAt(1), 0, "no claim, no date");
    }

    function test_settle_window_boundary() public {
        post(claimOf(anchorBatch(1), keccak256("outbox")));
        uint64 from = uint64(block.timestamp) + STATE_WINDOW + 1;
        vm.assertEq(stateClaims.settleableAt(1), from, "first second");
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.WindowOpen.selector, from, from - 1));
        stateClaims.settle(1);
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotSettled.selector, uint64(1)));
        stateClaims.settledOutboxRoot(1);

        vm.warp(from);
        bytes memory body = abi.encode(
            uint64(1), keccak256(abi.encode("state", uint64(1))), keccak256(abi.encode("credits", uint64(1)))
        );
        bytes32 hash = keccak256(abi.encodePacked(inbox.hash(), keccak256(abi.encode(uint8(6), body))));
        vm.expectEmit(address(inbox));
        emit IInbox.MessageQueued(0, 6, body, hash);
        stateClaims.settle(1); // by anybody
        vm.assertEq(stateClaims.settledOutboxRoot(1), keccak256("outbox"), "outbox root");
        vm.assertEq(stateClaims.lastSettled(), 1, "last settled");
        vm.assertEq(stateClaims.settleableAt(1), from, "the date stays");
    }

    function test_settle_twiceOrOvertaken_reverts() public {
        post(claimOf(anchorBatch(1), bytes32(0)));
        post(claimOf(anchorBatch(1), bytes32(0)));
        vm.warp(block.timestamp + STATE_WINDOW + 1);
        stateClaims.settle(2);
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotAscending.selector, uint64(2), uint64(2)));
        stateClaims.settle(2);
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotAscending.selector, uint64(2), uint64(1)));
        stateClaims.settle(1);
        vm.assertEq(stateClaims.settleableAt(1), 0, "overtaken claims never settle");
        vm.assertEq(inbox.count(), 1, "one message");
    }
}
