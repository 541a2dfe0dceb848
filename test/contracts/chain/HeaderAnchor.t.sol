// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {HeaderAnchor} from "../../../contracts/l1/HeaderAnchor.sol";
import {Inbox} from "../../../contracts/l1/Inbox.sol";
import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {HeaderRlp} from "../../../contracts/libraries/HeaderRlp.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";

contract HeaderAnchorTest {
    using HeaderBuilder for TestHeader;

    uint256 constant L2 = 424242;
    uint64 constant WINDOW = 12 hours;
    uint256 constant KEY = 0xA11CE;
    address constant SENDER = address(0xBEEF);
    uint64 constant ORIGIN = 1000;
    uint64 constant TIME = 50_000;
    uint256 constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    uint256 constant ORDER = 2 * HALF_ORDER + 1;

    address constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// The history contract's code as EIP-2935 gives it.
    bytes constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    Inbox inbox;
    HeaderAnchor anchor;
    bytes32 genesisHash = keccak256("genesis");

    function setUp() public {
        vm.roll(ORIGIN);
        vm.warp(TIME);
        inbox = new Inbox(L2, address(this), address(this), address(this), address(this), address(this));
        Batch memory genesis;
        genesis.lastHash = genesisHash;
        genesis.lastTimestamp = TIME;
        genesis.originNumber = ORIGIN;
        genesis.anchoredAt = TIME + 100;
        anchor = new HeaderAnchor(L2, inbox, vm.addr(KEY), WINDOW, genesis);
        vm.roll(ORIGIN + 10);
        vm.warp(TIME + 120);
    }

    // ------------------------------------------------------------------ a good batch, to be spoilt

    function child() internal view returns (TestHeader memory h) {
        h.parentHash = genesisHash;
        h.number = 1;
        h.timestamp = TIME + 60;
        h.originNumber = ORIGIN;
        h.originHash = blockhash(ORIGIN);
        h.inboxHash = inbox.hash();
    }

    function next(TestHeader memory parent) internal pure returns (TestHeader memory h) {
        h = TestHeader(
            keccak256(parent.encode()),
            parent.number + 1,
            parent.timestamp,
            parent.originNumber,
            parent.originHash,
            parent.inboxCount,
            parent.inboxHash
        );
    }

    function digest(
        address target,
        uint256 l1,
        uint256 l2,
        uint64 first,
        uint64 last,
        bytes32 hash,
        bytes memory data
    ) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ANH"),
                keccak256("1"),
                l1,
                target
            )
        );
        bytes32 struct_ = keccak256(
            abi.encode(
                keccak256(
                    "AnchoredBatch(uint256 l2ChainId,uint64 firstNumber,uint64 lastNumber,bytes32 lastHash,bytes32 dataRoot)"
                ),
                l2,
                first,
                last,
                hash,
                dataRoot(data)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, struct_));
    }

    function sign(bytes32 message) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, message);
        return abi.encodePacked(r, s, v);
    }

    /// Of a batch that ends with `h` and begins after what is anchored.
    function signatureOf(TestHeader memory h, bytes memory data) internal view returns (bytes memory) {
        uint64 first = anchor.batch(anchor.batchCount() - 1).lastNumber + 1;
        return sign(digest(address(anchor), block.chainid, L2, first, h.number, keccak256(h.encode()), data));
    }

    function signatureOf(TestHeader memory h) internal view returns (bytes memory) {
        return signatureOf(h, "");
    }

    function list(TestHeader memory h) internal pure returns (bytes[] memory headers) {
        headers = new bytes[](1);
        headers[0] = h.encode();
    }

    function send(bytes[] memory headers, bytes memory signature, bytes memory data) internal {
        vm.prank(SENDER, SENDER);
        anchor.anchor(headers, signature, data);
    }

    function send(TestHeader memory h) internal {
        send(list(h), signatureOf(h), "");
    }

    function refuse(TestHeader memory h, bytes memory reason) internal {
        bytes memory signature = signatureOf(h);
        vm.expectRevert(reason);
        send(list(h), signature, "");
        vm.assertEq(anchor.batchCount(), 1, "nothing was anchored");
    }

    // ------------------------------------------------------------------ who

    function test_anchor_throughContract_reverts() public {
        TestHeader memory h = child();
        bytes memory signature = signatureOf(h);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotPlainAccount.selector, SENDER));
        vm.prank(SENDER, address(0xCAFE));
        anchor.anchor(list(h), signature, "");
    }

    /// EIP-7702: the account itself is the origin and has code.
    function test_anchor_delegatedAccount_reverts() public {
        TestHeader memory h = child();
        bytes memory signature = signatureOf(h);
        vm.etch(SENDER, hex"ef010000000000000000000000000000000000000000aa");
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotPlainAccount.selector, SENDER));
        send(list(h), signature, "");
    }

    // ------------------------------------------------------------------ signature

    function test_anchor_strangersSignature_reverts() public {
        TestHeader memory h = child();
        bytes32 message = digest(address(anchor), block.chainid, L2, 1, 1, keccak256(h.encode()), "");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY + 1, message);
        vm.expectRevert(
            abi.encodeWithSelector(IHeaderAnchor.NotSequencer.selector, vm.addr(KEY), vm.addr(KEY + 1))
        );
        send(list(h), abi.encodePacked(r, s, v), "");
    }

    /// Each thing the signature binds: L1 chain, contract, L2 chain, numbers, hash, data.
    function test_anchor_signatureForSomethingElse_reverts() public {
        TestHeader memory h = child();
        bytes32 hash = keccak256(h.encode());
        bytes32[7] memory others = [
            digest(address(anchor), block.chainid + 1, L2, 1, 1, hash, ""),
            digest(address(inbox), block.chainid, L2, 1, 1, hash, ""),
            digest(address(anchor), block.chainid, L2 + 1, 1, 1, hash, ""),
            digest(address(anchor), block.chainid, L2, 0, 1, hash, ""),
            digest(address(anchor), block.chainid, L2, 1, 2, hash, ""),
            digest(address(anchor), block.chainid, L2, 1, 1, bytes32(uint256(hash) ^ 1), ""),
            digest(address(anchor), block.chainid, L2, 1, 1, hash, hex"00")
        ];
        for (uint256 i = 0; i < others.length; ++i) {
            bytes memory signature = sign(others[i]);
            vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
            this.sendOutside(list(h), signature);
        }
    }

    function sendOutside(bytes[] memory headers, bytes memory signature) external {
        send(headers, signature, "");
    }

    /// Headers and signature of a pending `anchor` are public. Over other bytes, whichever end or piece of them was changed, a
    /// stranger who comes first gets nowhere, and the sequencer's own call still passes.
    function test_anchor_sameHeadersAndSignatureOtherData_reverts() public {
        TestHeader memory h = child();
        bytes memory data = new bytes(5000);
        for (uint256 i = 0; i < data.length; ++i) data[i] = bytes1(uint8(i | 1));
        bytes memory signature = signatureOf(h, data);
        bytes[] memory others = new bytes[](6);
        (others[1], others[2], others[3]) = (hex"00", bytes.concat(data, hex"00"), new bytes(5000));
        (others[4], others[5]) = (bytes.concat(data), bytes.concat(data));
        (others[4][0], others[5][4999]) = (0, 0);
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
            vm.prank(address(0xBAD), address(0xBAD));
            anchor.anchor(list(h), signature, others[i]);
        }
        vm.assertEq(anchor.batchCount(), 1, "nothing was anchored");
        send(list(h), signature, data);
        vm.assertEq(anchor.batch(1).dataRoot, dataRoot(data), "data root");
    }

    /// A signed batch whose first block was anchored by itself does not pass as the rest of it.
    function test_anchor_restOfSignedBatch_reverts() public {
        TestHeader memory a = child();
        TestHeader memory b = next(a);
        bytes memory signature = signatureOf(b);
        send(a);
        vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
        send(list(b), signature, "");
        send(b);
    }

    function test_anchor_highS_reverts() public {
        TestHeader memory h = child();
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(KEY, digest(address(anchor), block.chainid, L2, 1, 1, keccak256(h.encode()), ""));
        bytes32 high = bytes32(ORDER - uint256(s));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, high));
        send(list(h), abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)), "");
    }

    function test_anchor_signatureLength_reverts() public {
        TestHeader memory h = child();
        bytes memory good = signatureOf(h);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 0));
        send(list(h), "", "");
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 66));
        send(list(h), abi.encodePacked(good, uint8(0)), "");
    }

    /// The signature must reach to the last header: a signed first header does not carry an unsigned second.
    function test_anchor_signatureOfFirstOfTwo_reverts() public {
        TestHeader memory a = child();
        bytes[] memory headers = new bytes[](2);
        headers[0] = a.encode();
        headers[1] = next(a).encode();
        bytes memory signature = signatureOf(a);
        vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
        send(headers, signature, "");
    }

    // ------------------------------------------------------------------ linkage

    function test_anchor_noHeaders_reverts() public {
        vm.expectRevert(IHeaderAnchor.NoHeaders.selector);
        send(new bytes[](0), "", "");
    }

    function test_anchor_notTheChild_reverts() public {
        TestHeader memory h = child();
        h.parentHash = keccak256("another");
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.NotChild.selector, 1, genesisHash, h.parentHash));
    }

    function test_anchor_sameBatchTwice_reverts() public {
        TestHeader memory h = child();
        send(h);
        bytes memory signature = signatureOf(h);
        vm.expectRevert(
            abi.encodeWithSelector(IHeaderAnchor.NotChild.selector, 1, keccak256(h.encode()), genesisHash)
        );
        send(list(h), signature, "");
    }

    function test_anchor_gapInsideBatch_reverts() public {
        TestHeader memory a = child();
        TestHeader memory b = next(a);
        TestHeader memory c = next(b);
        bytes[] memory headers = new bytes[](2);
        headers[0] = a.encode();
        headers[1] = c.encode();
        bytes memory signature = signatureOf(c);
        vm.expectRevert(
            abi.encodeWithSelector(
                IHeaderAnchor.NotChild.selector, 3, keccak256(a.encode()), keccak256(b.encode())
            )
        );
        send(headers, signature, "");
    }

    function test_anchor_wrongNumber_reverts() public {
        uint64[4] memory wrong = [uint64(0), 2, type(uint64).max, 1 << 32];
        for (uint256 i = 0; i < wrong.length; ++i) {
            TestHeader memory h = child();
            h.number = wrong[i];
            refuse(h, abi.encodeWithSelector(IHeaderAnchor.NumberMismatch.selector, uint64(1), wrong[i]));
        }
    }

    // ------------------------------------------------------------------ times

    function test_anchor_timeBeforeParent_boundary() public {
        TestHeader memory h = child();
        h.timestamp = TIME - 1;
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.TimeBeforeParent.selector, uint64(1), TIME, TIME - 1));
        h.timestamp = TIME;
        send(h);
    }

    function test_anchor_timeAfterL1_boundary() public {
        TestHeader memory h = child();
        h.timestamp = uint64(block.timestamp) + 1;
        refuse(
            h,
            abi.encodeWithSelector(
                IHeaderAnchor.TimeInFuture.selector, uint64(1), uint64(block.timestamp), h.timestamp
            )
        );
        h.timestamp = uint64(block.timestamp);
        send(h);
    }

    function test_anchor_inclusionWindow_boundary() public {
        TestHeader memory h = child();
        uint64 last = h.timestamp + WINDOW;
        vm.warp(last + 1);
        refuse(
            h, abi.encodeWithSelector(IHeaderAnchor.InclusionWindowOver.selector, uint64(1), last, last + 1)
        );
        vm.warp(last);
        send(h);
    }

    function test_anchor_oneSecondBeforeWindowEnds_succeeds() public {
        TestHeader memory h = child();
        vm.warp(h.timestamp + WINDOW - 1);
        send(h);
    }

    // ------------------------------------------------------------------ fallback

    /// From the second after the window on, the sequencer's own block is refused, however young it is.
    function test_anchor_fallbackDue_boundary() public {
        TestHeader memory h = child();
        uint64 last = TIME + 100 + WINDOW;
        vm.assertEq(anchor.fallbackDueAfter(), last, "counted from the last anchoring");
        vm.warp(last + 1);
        h.timestamp = last;
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.FallbackDue.selector, last, last + 1));
        vm.warp(last);
        send(h);
        vm.assertEq(anchor.fallbackDueAfter(), last + WINDOW, "each anchoring starts the window anew");
    }

    function sendFallback(bytes memory header, bytes memory originHeader) internal {
        vm.prank(SENDER, SENDER);
        anchor.anchorFallback(header, originHeader);
    }

    function test_anchorFallback_notDue_boundary() public {
        TestHeader memory h = child();
        uint64 last = TIME + 100 + WINDOW;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.FallbackNotDue.selector, last, last));
        sendFallback(h.encode(), "");
        vm.warp(last + 1);
        h.timestamp = last;
        // Due now; what is refused next is that the bytes are not the origin's header.
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotTheOrigin.selector, h.originHash, keccak256("")));
        sendFallback(h.encode(), "");
    }

    function test_anchorFallback_throughContract_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotPlainAccount.selector, SENDER));
        vm.prank(SENDER, address(0xCAFE));
        anchor.anchorFallback("", "");
    }

    /// An old origin would leave messages out.
    function test_anchorFallback_oldOrigin_boundary() public {
        TestHeader memory h = child();
        vm.roll(ORIGIN + 65);
        vm.warp(TIME + 101 + WINDOW);
        h.timestamp = TIME + WINDOW;
        h.originHash = blockhash(ORIGIN);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.FallbackOriginTooOld.selector, ORIGIN, ORIGIN + 1));
        sendFallback(h.encode(), "");
        vm.roll(ORIGIN + 64);
        h.originHash = blockhash(ORIGIN);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotTheOrigin.selector, h.originHash, keccak256("")));
        sendFallback(h.encode(), "");
    }

    function test_anchorFallback_wrongParentOrInbox_reverts() public {
        vm.warp(TIME + 101 + WINDOW);
        TestHeader memory h = child();
        h.timestamp = TIME + WINDOW;
        h.parentHash = keccak256("another");
        vm.expectPartialRevert(IHeaderAnchor.NotChild.selector);
        sendFallback(h.encode(), "");
        h = child();
        h.timestamp = TIME + WINDOW;
        h.inboxCount = 1;
        vm.expectPartialRevert(IHeaderAnchor.InboxMismatch.selector);
        sendFallback(h.encode(), "");
    }

    // ------------------------------------------------------------------ origin

    function test_anchor_originBackwards_reverts() public {
        TestHeader memory h = child();
        h.originNumber = ORIGIN - 1;
        h.originHash = blockhash(ORIGIN - 1);
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.OriginBackwards.selector, uint64(1), ORIGIN, ORIGIN - 1));
    }

    function test_anchor_originIsNotPast_reverts() public {
        TestHeader memory h = child();
        uint64[3] memory origins = [uint64(block.number), uint64(block.number) + 1, type(uint64).max];
        for (uint256 i = 0; i < origins.length; ++i) {
            h.originNumber = origins[i];
            refuse(
                h,
                abi.encodeWithSelector(IHeaderAnchor.OriginNotPast.selector, origins[i], uint64(block.number))
            );
        }
        h.originNumber = uint64(block.number) - 1;
        h.originHash = blockhash(block.number - 1);
        send(h);
    }

    function test_anchor_originNotCanonical_reverts() public {
        TestHeader memory h = child();
        h.originHash = keccak256("a fork");
        refuse(
            h,
            abi.encodeWithSelector(
                IHeaderAnchor.OriginNotCanonical.selector, ORIGIN, blockhash(ORIGIN), h.originHash
            )
        );
    }

    /// A hash of zero never matches the zero that L1 answers for blocks it has forgotten.
    function test_anchor_originForgottenByL1_reverts() public {
        TestHeader memory h = child();
        h.originHash = bytes32(0);
        h.timestamp = TIME + 120;
        vm.roll(ORIGIN + 9000);
        vm.etch(HISTORY, HISTORY_CODE);
        refuse(
            h,
            abi.encodeWithSelector(IHeaderAnchor.OriginNotCanonical.selector, ORIGIN, bytes32(0), bytes32(0))
        );
    }

    /// Beyond the 256 blocks of BLOCKHASH the history contract answers (EIP-2935).
    function test_anchor_originInHistory_succeeds() public {
        TestHeader memory h = child();
        h.timestamp = TIME + 120;
        h.originHash = keccak256("canonical, long ago");
        vm.roll(ORIGIN + 8191);
        vm.etch(HISTORY, HISTORY_CODE);
        vm.store(HISTORY, bytes32(uint256(ORIGIN % 8191)), h.originHash);
        send(h);
    }

    // ------------------------------------------------------------------ inbox

    function test_anchor_inboxFieldsMustMatchCheckpoint() public {
        inbox.queue(1, "a");
        uint64 queuedAt = uint64(block.number);
        bytes32 empty = inbox.checkpointAt(ORIGIN).hash;
        bytes32 full = inbox.hash();
        vm.roll(queuedAt + 5);

        TestHeader memory h = child();
        (h.originNumber, h.originHash) = (queuedAt - 1, blockhash(queuedAt - 1));
        (h.inboxCount, h.inboxHash) = (1, full);
        refuse(h, mismatch(0, empty, 1, full)); // ahead of its origin
        (h.originNumber, h.originHash) = (queuedAt, blockhash(queuedAt));
        (h.inboxCount, h.inboxHash) = (0, empty);
        refuse(h, mismatch(1, full, 0, empty)); // behind its origin
        (h.inboxCount, h.inboxHash) = (1, empty);
        refuse(h, mismatch(1, full, 1, empty));
        (h.inboxCount, h.inboxHash) = (2, full);
        refuse(h, mismatch(1, full, 2, full));
        (h.inboxCount, h.inboxHash) = (1, full);
        send(h);
        vm.assertEq(anchor.batch(1).inboxCount, 1, "count of the batch");
    }

    function mismatch(uint64 count, bytes32 hash, uint64 claimed, bytes32 claimedHash)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IHeaderAnchor.InboxMismatch.selector, uint64(1), count, hash, claimed, claimedHash
        );
    }

    /// Also a header that is not the last is held to its own origin's checkpoint.
    function test_anchor_inboxOfMiddleHeader_reverts() public {
        TestHeader memory a = child();
        a.inboxCount = 1;
        TestHeader memory b = next(a);
        b.inboxCount = 0;
        bytes[] memory headers = new bytes[](2);
        headers[0] = a.encode();
        headers[1] = b.encode();
        bytes memory signature = signatureOf(b);
        vm.expectRevert(mismatch(0, inbox.hash(), 1, inbox.hash()));
        send(headers, signature, "");
    }

    /// A sequencer cannot keep a message out for longer than 1800 s by staying on an old origin.
    function test_anchor_heldBackInbox_boundary() public {
        uint64 queuedAt = uint64(block.timestamp);
        bytes32 empty = inbox.hash();
        inbox.queue(1, "waits");
        TestHeader memory h = child();
        h.inboxHash = empty;
        vm.roll(block.number + 20);
        vm.warp(queuedAt + 1801);
        h.timestamp = queuedAt + 1801;
        refuse(
            h,
            abi.encodeWithSelector(IHeaderAnchor.InboxHeldBack.selector, uint64(1), queuedAt, queuedAt + 1801)
        );
        h.timestamp = queuedAt + 1800;
        send(h);
    }

    // ------------------------------------------------------------------ header RLP

    /// Every fixed prefix, each changed by one: never decoded, and never mistaken for another field.
    function test_anchor_prefixByte_reverts() public {
        bytes memory good = child().encode();
        uint256 extra = 449 + 1 + 5 + 1 + 3; // after number, gasLimit, gasUsed and timestamp, each with its prefix
        uint256[20] memory prefixes = [
            uint256(0),
            3, // parentHash
            36, // ommersHash
            69, // beneficiary
            90, // stateRoot
            123, // transactionsRoot
            156, // receiptsRoot
            189, // bloom, three bytes
            190,
            191,
            448, // difficulty
            449, // number
            extra, // extraData, two bytes
            extra + 1,
            extra + 82, // mixHash
            extra + 115, // nonce
            good.length - 101, // withdrawalsRoot
            good.length - 68, // blobGasUsed
            good.length - 66, // parentBeaconBlockRoot
            good.length - 33 // requestsHash
        ];
        for (uint256 i = 0; i < prefixes.length; ++i) {
            bytes memory bad = child().encode();
            uint256 position = prefixes[i];
            bad[position] = position == 449 ? bytes1(0x00) : bytes1(uint8(bad[position]) ^ 1);
            expectMalformed(bad);
        }
    }

    function test_anchor_truncatedOrExtended_reverts() public {
        bytes memory good = child().encode();
        for (uint256 length = 0; length < good.length; length += 13) {
            bytes memory bad = new bytes(length);
            for (uint256 i = 0; i < length; ++i) bad[i] = good[i];
            expectMalformed(bad);
        }
        expectMalformed(bytes.concat(good, hex"00"));
    }

    function test_anchor_fieldCount_reverts() public {
        bytes[] memory fields = HeaderBuilder.fields(child());
        bytes[] memory fewer = new bytes[](20);
        bytes[] memory more = new bytes[](22);
        for (uint256 i = 0; i < 21; ++i) {
            if (i < 20) fewer[i] = fields[i];
            more[i] = fields[i];
        }
        more[21] = RLP.encode(bytes32(uint256(1)));
        expectMalformed(RLP.encode(fewer));
        expectMalformed(RLP.encode(more));
    }

    /// Integers that are not canonical, too wide, or of the wrong length.
    function test_anchor_integers_reverts() public {
        bytes[6] memory encodings = [
            bytes(hex"00"), // zero as a byte
            hex"8101", // a small one with a length
            hex"820001", // leading zero
            hex"89010000000000000000", // nine bytes
            hex"c0", // a list
            hex"b801" // a long string
        ];
        for (uint256 field = 8; field <= 11; ++field) {
            for (uint256 i = 0; i < encodings.length; ++i) {
                bytes[] memory fields = HeaderBuilder.fields(child());
                fields[field] = encodings[i];
                expectMalformed(RLP.encode(fields));
            }
        }
        bytes[] memory wide = HeaderBuilder.fields(child());
        wide[15] = abi.encodePacked(hex"a1", bytes1(0x01), bytes32(0)); // a base fee of 33 bytes
        expectMalformed(RLP.encode(wide));
    }

    function test_anchor_extraDataLength_reverts() public {
        bytes[3] memory extras = [new bytes(79), new bytes(81), new bytes(0)];
        for (uint256 i = 0; i < extras.length; ++i) {
            bytes[] memory fields = HeaderBuilder.fields(child());
            fields[12] = RLP.encode(extras[i]);
            expectMalformed(RLP.encode(fields));
        }
    }

    function testFuzz_anchor_garbage_reverts(bytes memory garbage) public {
        expectMalformed(garbage);
    }

    function expectMalformed(bytes memory header) internal {
        bytes[] memory headers = new bytes[](1);
        headers[0] = header;
        try this.sendOutside(headers, sign(keccak256(header))) {
            vm.assertTrue(false, "a malformed header was anchored");
        } catch (bytes memory reason) {
            bytes32 selector = reason.length < 4 ? bytes32(0) : bytes32(bytes4(reason));
            vm.assertEq(selector, bytes32(HeaderRlp.HeaderMalformed.selector), "named as malformed");
        }
    }

    /// Values at the edges of their widths are read as they are.
    function testFuzz_anchor_readsFields(uint64 time, uint64 later, bytes32 salt) public {
        time = TIME + time % (WINDOW / 2);
        later = later % (WINDOW / 2);
        vm.warp(uint256(time) + later);
        TestHeader memory h = child();
        h.timestamp = time;
        bytes memory data = abi.encode(salt);
        bytes memory signature = signatureOf(h, data);
        send(list(h), signature, data);
        Batch memory b = anchor.batch(1);
        vm.assertEq(b.lastTimestamp, time, "timestamp");
        vm.assertEq(b.anchoredAt, uint256(time) + later, "anchored at");
        vm.assertEq(b.lastHash, keccak256(h.encode()), "hash");
        vm.assertEq(b.originNumber, ORIGIN, "origin");
        vm.assertEq(b.dataRoot, keccak256(data), "one piece is its own root");
    }

    // ------------------------------------------------------------------ what is kept

    function test_anchor_severalBatches_areFound() public {
        TestHeader memory h = child();
        send(h); // batch 1: block 1
        TestHeader memory b = next(h);
        TestHeader memory c = next(b);
        TestHeader memory d = next(c);
        bytes[] memory headers = new bytes[](3);
        headers[0] = b.encode();
        headers[1] = c.encode();
        headers[2] = d.encode();
        bytes memory signature = signatureOf(d, "x");
        vm.expectEmit();
        emit IHeaderAnchor.BatchAnchored(2, 2, 4, keccak256(d.encode()));
        send(headers, signature, "x"); // batch 2: blocks 2 … 4
        send(next(d)); // batch 3: block 5

        uint64[6] memory expected = [uint64(0), 1, 2, 2, 2, 3];
        for (uint64 number = 0; number < 6; ++number) {
            vm.assertEq(anchor.batchOf(number), expected[number], "batch of a number");
        }
        vm.assertEq(anchor.batch(2).firstNumber, 2, "first");
        vm.assertEq(anchor.batch(2).lastNumber, 4, "last");
        vm.assertEq(anchor.batchCount(), 4, "batches, genesis among them");
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotAnchored.selector, uint64(6), uint64(5)));
        anchor.batchOf(6);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotAnchored.selector, type(uint64).max, uint64(5)));
        anchor.batchOf(type(uint64).max);
    }

    /// Data roots at the edges of a piece, against leaves cut here.
    function test_anchor_dataRoot_pieces() public {
        uint256[6] memory lengths = [uint256(0), 1, 4095, 4096, 4097, 3 * 4096];
        TestHeader memory h = child();
        for (uint64 i = 0; i < lengths.length; ++i) {
            bytes memory data = new bytes(lengths[i]);
            for (uint256 j = 0; j < data.length; j += 97) data[j] = bytes1(uint8(j + i));
            bytes memory signature = signatureOf(h, data);
            send(list(h), signature, data);
            vm.assertEq(anchor.batch(i + 1).dataRoot, dataRoot(data), "data root");
            h = next(h);
        }
    }

    function dataRoot(bytes memory data) internal pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[]((data.length + 4095) / 4096);
        for (uint256 i = 0; i < leaves.length; ++i) {
            uint256 length = data.length - 4096 * i < 4096 ? data.length - 4096 * i : 4096;
            bytes memory piece = new bytes(length);
            for (uint256 j = 0; j < length; ++j) piece[j] = data[4096 * i + j];
            leaves[i] = keccak256(piece);
        }
        return Merkle.root(leaves);
    }
}
