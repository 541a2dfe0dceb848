// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISequencerStake} from "../../../contracts/interfaces/ISequencerStake.sol";
import {SignedHeader} from "../../../contracts/types/SignedHeader.sol";
import {Artifact} from "../support/Artifact.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {SequencerWord} from "../support/SequencerWord.sol";
import {vm} from "../support/Vm.sol";

contract SequencerStakeTest {
    using HeaderBuilder for TestHeader;

    uint256 constant L2 = 424242;
    uint256 constant KEY = 0xA11CE;
    address constant ANCHOR = address(0xA9C);
    address constant BURNED = 0x000000000000000000000000000000000000dEaD;
    uint64 constant EXIT = 1000;
    bytes32 constant PARENT = keccak256("parent");

    ISequencerStake stake;
    address sequencer;

    function setUp() public {
        vm.roll(1000);
        vm.warp(1_000_000);
        sequencer = vm.addr(KEY);
        bytes memory arguments = abi.encode(L2, ANCHOR, sequencer, EXIT);
        stake = ISequencerStake(Artifact.deploy("contracts/l1/SequencerStake.sol:SequencerStake", arguments));
        vm.deal(address(this), 11 ether);
        stake.stake{value: 11 ether}();
    }

    receive() external payable {}

    function header(uint64 origin, uint64 timestamp) internal view returns (TestHeader memory) {
        return TestHeader(PARENT, 7, timestamp, origin, blockhash(origin), 0, keccak256("inbox"));
    }

    function signedBy(uint256 key, bytes32 message) internal view returns (bytes memory) {
        return SequencerWord.sign(key, SequencerWord.digest(block.chainid, ANCHOR, message));
    }

    function sealedWith(uint256 key, TestHeader memory h) internal view returns (SignedHeader memory given) {
        given.headers = new bytes[](1);
        given.headers[0] = h.encode();
        given.signature = signedBy(key, SequencerWord.sealedHeader(L2, keccak256(h.encode())));
    }

    function sealed_(TestHeader memory h) internal view returns (SignedHeader memory) {
        return sealedWith(KEY, h);
    }

    /// The header as the first of an anchored batch of two.
    function batched(TestHeader memory h) internal view returns (SignedHeader memory given) {
        TestHeader memory child = header(h.originNumber, h.timestamp);
        child.parentHash = keccak256(h.encode());
        child.number = h.number + 1;
        given.headers = new bytes[](2);
        given.headers[0] = h.encode();
        given.headers[1] = child.encode();
        given.batchFirstNumber = h.number - 2;
        given.batchDataRoot = keccak256("data");
        bytes32 last = keccak256(child.encode());
        given.signature = signedBy(
            KEY, SequencerWord.anchoredBatch(L2, given.batchFirstNumber, child.number, last, given.batchDataRoot)
        );
    }

    function refuse(SignedHeader memory one, SignedHeader memory two, bytes memory reason) internal {
        vm.expectRevert(reason);
        stake.slash(one, two);
        vm.assertEq(stake.stakeWei(), 11 ether, "nothing was taken");
    }

    // ------------------------------------------------------------------ what slashes nobody

    function test_slash_sameHeader_reverts() public {
        SignedHeader memory one = sealed_(header(900, 5));
        bytes memory reason = abi.encodeWithSelector(ISequencerStake.SameHeader.selector, keccak256(one.headers[0]));
        refuse(one, one, reason);
        refuse(one, batched(header(900, 5)), reason);
    }

    /// As after a fallback block: what is sealed anew has another parent.
    function test_slash_otherParent_reverts() public {
        TestHeader memory h = header(900, 6);
        h.parentHash = keccak256("fallback");
        refuse(
            sealed_(header(900, 5)),
            sealed_(h),
            abi.encodeWithSelector(ISequencerStake.ParentMismatch.selector, PARENT, h.parentHash)
        );
    }

    function test_slash_otherNumber_reverts() public {
        TestHeader memory h = header(900, 6);
        h.number = 8;
        refuse(
            sealed_(header(900, 5)),
            sealed_(h),
            abi.encodeWithSelector(ISequencerStake.NumberMismatch.selector, uint64(7), uint64(8))
        );
    }

    /// As after an L1 reorg: the first header's origin is no block of this L1.
    function test_slash_originNotCanonical_reverts() public {
        TestHeader memory gone = header(900, 5);
        gone.originHash = keccak256("reorged");
        bytes memory reason = abi.encodeWithSelector(
            ISequencerStake.OriginNotCanonical.selector, uint64(900), blockhash(900), gone.originHash
        );
        refuse(sealed_(gone), sealed_(header(900, 6)), reason);
        refuse(sealed_(header(900, 6)), sealed_(gone), reason);
    }

    function test_slash_originBeyondHistory_reverts() public {
        TestHeader memory old = header(900, 5);
        vm.roll(900 + 9000);
        vm.expectPartialRevert(ISequencerStake.OriginNotCanonical.selector);
        stake.slash(sealed_(old), sealed_(header(9000, 6)));
    }

    function test_slash_unsignedOrStrangers_reverts() public {
        SignedHeader memory one = sealed_(header(900, 5));
        SignedHeader memory two = sealedWith(KEY + 1, header(900, 6));
        refuse(
            one, two, abi.encodeWithSelector(ISequencerStake.NotSigned.selector, sequencer, vm.addr(KEY + 1))
        );
        SignedHeader memory none;
        refuse(one, none, abi.encodeWithSelector(ISequencerStake.NoHeaders.selector));
        // A batch's signature says nothing over another data root or first number.
        SignedHeader memory batch = batched(header(900, 6));
        batch.batchDataRoot = keccak256("other");
        vm.expectPartialRevert(ISequencerStake.NotSigned.selector);
        stake.slash(one, batch);
        batch = batched(header(900, 6));
        batch.batchFirstNumber = 0;
        vm.expectPartialRevert(ISequencerStake.NotSigned.selector);
        stake.slash(one, batch);
    }

    function test_slash_unlinkedHeaders_reverts() public {
        SignedHeader memory batch = batched(header(900, 6));
        batch.headers[0] = header(900, 7).encode();
        refuse(sealed_(header(900, 5)), batch, abi.encodeWithSelector(ISequencerStake.NotLinked.selector, uint64(8)));
    }

    // ------------------------------------------------------------------ what slashes

    function test_slash_twoSealed_burnsHalf_paysHalf_once() public {
        stake.slash(sealed_(header(900, 5)), sealed_(header(901, 5)));
        vm.assertEq(BURNED.balance, 5.5 ether, "half burned");
        vm.assertEq(stake.withdraw(), 5.5 ether, "half to the reporter");
        vm.assertEq(address(stake).balance, 0, "nothing left");
        vm.expectRevert(ISequencerStake.NoStake.selector);
        stake.slash(sealed_(header(900, 5)), sealed_(header(901, 5)));
        stake.stake{value: 1 ether}();
        vm.expectRevert(abi.encodeWithSelector(ISequencerStake.AlreadySlashed.selector, uint64(7), PARENT));
        stake.slash(sealed_(header(900, 6)), sealed_(header(901, 5)));
    }

    function test_slash_sealedAgainstAnchored() public {
        stake.slash(sealed_(header(900, 5)), batched(header(900, 6)));
        vm.assertEq(stake.stakeWei(), 0, "taken");
    }

    // ------------------------------------------------------------------ leaving

    function test_exit_boundary() public {
        vm.expectRevert(abi.encodeWithSelector(ISequencerStake.OnlySequencer.selector, sequencer, address(this)));
        stake.announceExit();
        vm.expectRevert(ISequencerStake.ExitNotAnnounced.selector);
        stake.exit();
        vm.prank(sequencer);
        stake.announceExit();
        uint64 from = uint64(block.timestamp) + EXIT;
        vm.assertEq(stake.exitFrom(), from, "from");
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(ISequencerStake.ExitTooEarly.selector, from, from - 1));
        stake.exit();
        vm.warp(from);
        stake.exit();
        vm.assertEq(stake.stakeWei(), 0, "released");
        vm.prank(sequencer);
        vm.assertEq(stake.withdraw(), 11 ether, "all of it");
    }

    /// What comes after the announcement is locked for as long as all stake is.
    function test_exit_laterStakeStays() public {
        vm.prank(sequencer);
        stake.announceExit();
        vm.warp(block.timestamp + EXIT);
        vm.deal(address(this), 3 ether);
        stake.stake{value: 3 ether}();
        stake.exit();
        vm.assertEq(stake.stakeWei(), 3 ether, "the later stake");
        vm.expectRevert(ISequencerStake.ExitNotAnnounced.selector);
        stake.exit();
    }

    function test_exit_lapses_boundary() public {
        vm.prank(sequencer);
        stake.announceExit();
        uint64 until = stake.exitFrom() + EXIT;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(ISequencerStake.ExitLapsed.selector, until, until + 1));
        stake.exit();
        vm.warp(until);
        stake.exit();
        vm.assertEq(stake.stakeWei(), 0, "released");
    }

    /// Leaving does not outrun a proof.
    function test_slash_whileLeaving() public {
        vm.prank(sequencer);
        stake.announceExit();
        stake.slash(sealed_(header(900, 5)), batched(header(900, 6)));
        vm.warp(block.timestamp + EXIT);
        stake.exit();
        vm.prank(sequencer);
        vm.expectPartialRevert(bytes4(keccak256("NothingToWithdraw(address)")));
        stake.withdraw();
    }
}
