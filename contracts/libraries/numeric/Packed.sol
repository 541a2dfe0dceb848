// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Lists of packed four-byte values in memory.
library Packed {
    /// @notice The range of values named lies outside its bytes.
    error OutOfBytes(uint256 end, uint256 length);

    /// @notice Zeros for `count` values.
    /// @dev One word more than they need: `place` and the readers of packed values touch whole words.
    function zeros(uint256 count) internal pure returns (bytes memory) {
        return new bytes(4 * count + 32);
    }

    /// @notice Copies `count` values from byte `offset` of `from` to the places index, index + step, … of `to`, each of them
    /// still zero. `to` comes from `zeros`.
    function place(bytes memory from, uint256 offset, bytes memory to, uint256 index, uint256 step, uint256 count)
        internal
        pure
    {
        if (count == 0) return;
        if (offset + 4 * count > from.length) revert OutOfBytes(offset + 4 * count, from.length);
        uint256 end = 4 * (index + (count - 1) * step) + 36;
        if (end > to.length) revert OutOfBytes(end, to.length);
        assembly ("memory-safe") {
            let source := add(add(from, 32), offset)
            let last := add(source, shl(2, count))
            let target := add(add(to, 32), shl(2, index))
            let stride := shl(2, step)
            for {} lt(source, last) { source := add(source, 4) } {
                mstore(target, or(mload(target), shl(224, shr(224, mload(source)))))
                target := add(target, stride)
            }
        }
    }
}
