// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {IResultClaims} from "../interfaces/IResultClaims.sol";

/// @notice Seeds come from the prevRandao of an L1 block that nobody knew when the id was reserved (docs/protocol.md P4.5).
library Seeds {
    /// @dev Blocks that EIP-2935 keeps.
    uint64 internal constant HISTORY_BLOCKS = 8191;

    /// @notice The seed block's hash is out of reach for good.
    function isTooOld(uint64 seedBlock) internal view returns (bool) {
        return block.number > uint256(seedBlock) + HISTORY_BLOCKS;
    }

    /// @notice The seed of `id`, read from the RLP of the header of L1 block `seedBlock`.
    function fromHeader(bytes32 id, uint64 seedBlock, bytes memory headerRlp) internal view returns (bytes32) {
        if (block.number <= seedBlock) revert IResultClaims.SeedBlockNotReached(seedBlock, uint64(block.number));
        if (isTooOld(seedBlock)) revert IResultClaims.SeedBlockTooOld(seedBlock, uint64(block.number));
        bytes32 expected = Blockhash.blockHash(seedBlock);
        bytes32 actual = keccak256(headerRlp);
        if (expected != actual) revert IResultClaims.HeaderMismatch(expected, actual);
        return keccak256(abi.encode(id, uint256(BlockHeader.getPrevRandao(headerRlp))));
    }
}
