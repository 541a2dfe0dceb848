// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

struct TestHeader {
    bytes32 parentHash;
    uint64 number;
    uint64 timestamp;
    uint64 originNumber;
    bytes32 originHash;
    uint64 inboxCount;
    bytes32 inboxHash;
}

/// Headers as a sequencer would seal them (docs/protocol.md P3.1), encoded by a library that is not ours.
library HeaderBuilder {
    function fields(TestHeader memory h) internal pure returns (bytes[] memory list) {
        bytes32 word = keccak256("some root");
        list = new bytes[](21);
        list[0] = RLP.encode(h.parentHash);
        list[1] = RLP.encode(word);
        list[2] = RLP.encode(address(0x5E9));
        list[3] = RLP.encode(word);
        list[4] = RLP.encode(word);
        list[5] = RLP.encode(word);
        list[6] = RLP.encode(new bytes(256));
        list[7] = RLP.encode(uint256(0));
        list[8] = RLP.encode(uint256(h.number));
        list[9] = RLP.encode(uint256(60_000_000));
        list[10] = RLP.encode(uint256(0));
        list[11] = RLP.encode(uint256(h.timestamp));
        list[12] = RLP.encode(abi.encodePacked(h.originNumber, h.originHash, h.inboxCount, h.inboxHash));
        list[13] = RLP.encode(word);
        list[14] = RLP.encode(abi.encodePacked(bytes8(0)));
        list[15] = RLP.encode(uint256(1e9));
        list[16] = RLP.encode(word);
        list[17] = RLP.encode(uint256(0));
        list[18] = RLP.encode(uint256(0));
        list[19] = RLP.encode(bytes32(0));
        list[20] = RLP.encode(word);
    }

    function encode(TestHeader memory h) internal pure returns (bytes memory) {
        return RLP.encode(fields(h));
    }
}
