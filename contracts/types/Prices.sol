// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Bonds and fees, in wei. Every bond is exact: a call with more or less than its bond reverts.
struct Prices {
    uint256 reserveBondWei;
    uint256 claimBondWei;
    uint256 softBondWei; // on top of the claim bond, for a job that resumes on soft results
    uint256 challengeBondWei;
    uint256 openFeeWei; // for one opening or demand
    uint256 chunkFeeWei; // on top of it, for each chunk of 1,024 bytes demanded
}
