// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// One element that is a sum of products, in the tolerant profile.
struct TolerantSum {
    // Little-endian float32 factors and the byte at which each row of them begins. `b` empty: a sum of the values of `a`.
    bytes a;
    uint256 aOffset;
    bytes b;
    uint256 bOffset;
    // Number of products.
    uint256 count;
    // One more term; +0 is none.
    uint32 bias;
    // cpu column: most additions on one path.
    uint256 additions;
    // The gpu column, in which any order is allowed.
    bool gpu;
    // The claimed element.
    uint32 claimed;
}

/// What sums may be in the tolerant profile (docs/numerics.md N3, N7). A contract of its own, because every verifier that adds
/// needs it and none has room for it. It holds nothing and can be asked by anybody.
interface ITolerantSums {
    /// @return True iff the claimed element lies within the bound. Reverts on factors that are not finite or not there, and on
    /// more than 8,192 of them.
    function mayBe(TolerantSum calldata sum) external pure returns (bool);
}
