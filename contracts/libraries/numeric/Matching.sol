// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IndexMath} from "../IndexMath.sol";

/// @notice Which of many terms belong to one sum: those whose index says so.
library Matching {
    /// @notice Moves the float32 terms whose index is `row` to the front of `terms`, in order.
    /// @param termsOffset byte of the first of `count` terms; what lies before it is overwritten too
    /// @param rows little-endian int64 indices, the first at `rowsOffset`
    /// @param rowCount number of rows there are
    /// @return matching how many terms lie at the front
    /// @return outside an index is not below `rowCount`, or is negative
    /// @dev The bytes were cut out of the tensors by `TensorRead`, so all of the range is there.
    function compact(
        bytes memory terms,
        uint256 termsOffset,
        bytes memory rows,
        uint256 rowsOffset,
        uint256 count,
        uint256 row,
        uint256 rowCount
    ) internal pure returns (uint256 matching, bool outside) {
        if (termsOffset + 4 * count > terms.length) revert IndexMath.IndexOutOfRange(termsOffset + 4 * count, terms.length);
        if (rowsOffset + 8 * count > rows.length) revert IndexMath.IndexOutOfRange(rowsOffset + 8 * count, rows.length);
        uint256 largest;
        assembly ("memory-safe") {
            let to := add(terms, 32)
            let from := add(to, termsOffset)
            let at := add(add(rows, 32), rowsOffset)
            for { let end := add(at, shl(3, count)) } lt(at, end) { at := add(at, 8) } {
                // Little-endian bytes: swapped in pairs, in fours, in eights.
                let index := shr(192, mload(at))
                index := or(shl(8, and(index, 0x00ff00ff00ff00ff)), and(shr(8, index), 0x00ff00ff00ff00ff))
                index := or(shl(16, and(index, 0x0000ffff0000ffff)), and(shr(16, index), 0x0000ffff0000ffff))
                index := or(shl(32, and(index, 0xffffffff)), shr(32, index))
                if gt(index, largest) { largest := index }
                if eq(index, row) {
                    // Four bytes of the term over the first four of what is not needed any more (never ahead of `from`).
                    let kept := and(mload(to), 0x00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff)
                    mstore(to, or(kept, shl(224, shr(224, mload(from)))))
                    to := add(to, 4)
                    matching := add(matching, 1)
                }
                from := add(from, 4)
            }
        }
        outside = largest >= rowCount;
    }
}
