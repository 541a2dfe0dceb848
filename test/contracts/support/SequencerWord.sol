// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// What a sequencer signs (docs/protocol.md P3.4, P3.9), written out here rather than taken from the contracts.
library SequencerWord {
    function anchoredBatch(uint256 l2, uint64 first, uint64 last, bytes32 lastHash, bytes32 dataRoot)
        internal
        pure
        returns (bytes32)
    {
        bytes32 type_ = keccak256(
            "AnchoredBatch(uint256 l2ChainId,uint64 firstNumber,uint64 lastNumber,bytes32 lastHash,bytes32 dataRoot)"
        );
        return keccak256(abi.encode(type_, l2, first, last, lastHash, dataRoot));
    }

    function sealedHeader(uint256 l2, bytes32 hash) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("SealedHeader(uint256 l2ChainId,bytes32 hash)"), l2, hash));
    }

    /// EIP-712 digest of one of the above, for the HeaderAnchor at `anchor` on the L1 with id `l1`.
    function digest(uint256 l1, address anchor, bytes32 message) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ANH"),
                keccak256("1"),
                l1,
                anchor
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function sign(uint256 key, bytes32 digest_) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest_);
        return abi.encodePacked(r, s, v);
    }
}
