// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

// What a sequencer signs (EIP-712): each block it seals (docs/protocol.md P3.9) and each batch it posts (P3.4), both in the
// domain of the HeaderAnchor that it signs for.

bytes32 constant DOMAIN_TYPE =
    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
bytes32 constant DOMAIN_NAME = keccak256("ANH");
bytes32 constant DOMAIN_VERSION = keccak256("1");
bytes32 constant SEALED_HEADER_TYPE = keccak256("SealedHeader(uint256 l2ChainId,bytes32 hash)");
bytes32 constant ANCHORED_BATCH_TYPE = keccak256(
    "AnchoredBatch(uint256 l2ChainId,uint64 firstNumber,uint64 lastNumber,bytes32 lastHash,bytes32 dataRoot)"
);

/// @notice Digest of a header's hash.
function digestSealedHeader(address headerAnchor, uint256 l2ChainId, bytes32 hash) view returns (bytes32) {
    return _typedData(headerAnchor, keccak256(abi.encode(SEALED_HEADER_TYPE, l2ChainId, hash)));
}

/// @notice Digest of a batch: its numbers, the hash of its last header, the root of its posted bytes.
function digestAnchoredBatch(
    address headerAnchor,
    uint256 l2ChainId,
    uint64 firstNumber,
    uint64 lastNumber,
    bytes32 lastHash,
    bytes32 dataRoot
) view returns (bytes32) {
    return _typedData(
        headerAnchor,
        keccak256(abi.encode(ANCHORED_BATCH_TYPE, l2ChainId, firstNumber, lastNumber, lastHash, dataRoot))
    );
}

/// @dev The L1's chain id is that of now: nothing signed before a fork of L1 passes on the branch with another id.
function _typedData(address headerAnchor, bytes32 message) view returns (bytes32) {
    bytes32 domain =
        keccak256(abi.encode(DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, headerAnchor));
    return MessageHashUtils.toTypedDataHash(domain, message);
}
