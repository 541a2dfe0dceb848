// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// An element that no result is right of (docs/protocol.md P15). Zeros: nothing failed.
struct Failure {
    // Steps of the run up to the one that fails, which is the last of them; 0: none failed.
    uint32 steps;
    // Node of the graph whose output the element is of.
    uint32 node;
    // Flat index in that output.
    uint64 element;
}
