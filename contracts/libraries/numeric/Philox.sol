// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Philox4x32-10 (Salmon et al., 2011), the counter-based generator of dropout masks (docs/protocol.md P4.6).
/// verifier/numerics/philox.ts does the same.
library Philox {
    uint256 private constant MULTIPLIER_0 = 0xd2511f53;
    uint256 private constant MULTIPLIER_1 = 0xcd9e8d57;
    uint256 private constant WEYL_0 = 0x9e3779b9;
    uint256 private constant WEYL_1 = 0xbb67ae85;
    uint256 private constant WORD = 0xffffffff;

    /// @notice The random word of element `element` of a stream: its first 8 bytes are the key, the next 8 the counter's
    /// upper half, ⌊element/4⌋ its lower.
    function word(bytes32 stream, uint256 element) internal pure returns (uint32) {
        uint256 s = uint256(stream);
        uint256[4] memory counter = [(element >> 2) & WORD, (element >> 34) & WORD, (s >> 160) & WORD, (s >> 128) & WORD];
        return block4(counter, (s >> 224) & WORD, (s >> 192) & WORD)[element & 3];
    }

    /// @notice Ten rounds over the counter's four words.
    function block4(uint256[4] memory counter, uint256 key0, uint256 key1) internal pure returns (uint32[4] memory) {
        (uint256 a, uint256 b, uint256 c, uint256 d) = (counter[0], counter[1], counter[2], counter[3]);
        unchecked {
            for (uint256 round = 0; round < 10; ++round) {
                uint256 product0 = MULTIPLIER_0 * a;
                uint256 product1 = MULTIPLIER_1 * c;
                (a, b) = ((product1 >> 32) ^ b ^ key0, product1 & WORD);
                (c, d) = ((product0 >> 32) ^ d ^ key1, product0 & WORD);
                key0 = (key0 + WEYL_0) & WORD;
                key1 = (key1 + WEYL_1) & WORD;
            }
        }
        return [uint32(a), uint32(b), uint32(c), uint32(d)];
    }
}
